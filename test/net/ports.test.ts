import { describe, expect, it } from 'vitest';
import { formatPort, parsePort } from '../../net/ports/parse.ts';

describe('parsePort', () => {
  const any = { protocol: 'tcp', count: 1 };

  it.each([
    ['80', { ...any, containerPort: 80 }],
    ['8080:80', { ...any, hostPort: 8080, containerPort: 80 }],
    ['53:53/udp', { ...any, protocol: 'udp', hostPort: 53, containerPort: 53 }],
    ['53:53/UDP', { ...any, protocol: 'udp', hostPort: 53, containerPort: 53 }],
    ['127.0.0.1:8080:80', { ...any, hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80 }],
    ['127.0.0.1::80', { ...any, hostIp: '127.0.0.1', containerPort: 80 }],
    ['0.0.0.0:80:80', { ...any, hostIp: '0.0.0.0', hostPort: 80, containerPort: 80 }],
    ['::80', { ...any, containerPort: 80 }],
    ['[::1]:8080:80', { ...any, hostIp: '::1', hostPort: 8080, containerPort: 80 }],
    ['[::1]::80', { ...any, hostIp: '::1', containerPort: 80 }],
    ['[::]:80:80', { ...any, hostIp: '::', hostPort: 80, containerPort: 80 }],
    ['[FD00:0::1]:1-2:1-2', { ...any, hostIp: 'fd00::1', hostPort: 1, containerPort: 1, count: 2 }],
    ['8000-8999:8000-8999', { ...any, hostPort: 8000, containerPort: 8000, count: 1000 }],
    ['9000-9001:80-81', { ...any, hostPort: 9000, containerPort: 80, count: 2 }],
    ['3000-3001', { ...any, containerPort: 3000, count: 2 }],
    ['8000-8010:80', { ...any, hostPort: 8000, hostPortLast: 8010, containerPort: 80 }],
    ['65535:65535', { ...any, hostPort: 65535, containerPort: 65535 }],
  ])('%s', (text, request) => {
    expect(parsePort(text)).toEqual(request);
  });

  it.each([
    ['', 'the container port is missing'],
    ['0', '0 is not a port'],
    ['65536', '65536 is not a port'],
    ['http', 'http is not a port'],
    ['-80', '"" is not a port'],
    ['80:', 'the container port is missing'],
    [':80', 'the host port is missing'],
    ['80-70', 'the range 80-70 ends before it begins'],
    ['1-2-3', '1-2-3 is not a range of ports'],
    ['8000-8002:80-81', '3 host ports cannot lead to 2 container ports'],
    ['80:80-81', '1 host ports cannot lead to 2 container ports'],
    ['80/icmp', 'no protocol is called icmp'],
    ['80/', 'the protocol is missing'],
    ['80/tcp/udp', 'there is more than one /'],
    ['300.0.0.1:80:80', '300.0.0.1 is not an IPv4 address'],
    ['localhost:80:80', 'localhost is not an IPv4 address'],
    ['1:2:3:4', 'it has the form'],
    ['[::1:80:80', 'its IPv6 address is no address'],
    ['[::g]:80:80', 'its IPv6 address is no address'],
    ['[::1]:80', 'it has the form'],
    ['[::1]:80:80:80', 'it has the form'],
    ['[::1]80:80', 'its IPv6 address is no address'],
    ['[fe80::1]:80:80', 'fe80::1 is a link-local address'],
    ['[fe80::1%eth0]:80:80', 'fe80::1%eth0 is a link-local address'],
    ['[::ffff:10.0.0.1]:80:80', 'write ::ffff:10.0.0.1 as an IPv4 address'],
    ['8\u001b0', 'publish "8\\u001b0": '],
  ])('%j is refused', (text, why) => {
    expect(() => parsePort(text)).toThrow(why);
  });

  it('says that sctp is not there rather than malformed', () => {
    expect(() => parsePort('80/sctp')).toThrow('only tcp and udp can be published');
  });

  it.each([
    '80/tcp',
    '8080:80/tcp',
    '127.0.0.1:53:53/udp',
    '127.0.0.1::80/tcp',
    '1-9:1-9/tcp',
    '0.0.0.0:1:1/tcp',
    '[::1]:53:53/udp',
  ])('formats %s as it was written', (text) => {
    expect(formatPort(parsePort(text))).toBe(text);
  });
});
