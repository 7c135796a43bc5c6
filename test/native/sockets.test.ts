import { afterEach, beforeEach, expect, test } from 'vitest';
import { holder, tryBind } from '../../native/sockets.ts';
import { SysError } from '../../native/sys-error.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';
import { type Listener, listen } from '../support/listener.ts';

let host: FakeHost;
let listener: Listener | undefined;

beforeEach(() => {
  host = makeFakeHost({ uplink: true });
});

afterEach(async () => {
  await listener?.stop();
  listener = undefined;
  host.dispose();
});

function bindCode(protocol: 'tcp' | 'udp', ip: string, port: number): string {
  const result = host.inside(() => tryBind(protocol, ip, port));
  return result instanceof SysError ? result.code : result;
}

test('a port nobody has is free, and stays so', () => {
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const ip of ['0.0.0.0', '127.0.0.1', '192.0.2.2', '::', '2001:db8::2']) {
      expect([ip, bindCode(protocol, ip, 8080)]).toEqual([ip, 'free']);
    }
    expect(host.inside(() => holder(protocol, '0.0.0.0', 8080))).toBeUndefined();
  }
});

test('an address of somebody else cannot be bound', () => {
  expect(bindCode('tcp', '192.0.2.77', 8080)).toBe('EADDRNOTAVAIL');
});

test.for([
  ['tcp', '0.0.0.0', '192.0.2.2', '192.0.2.2'],
  ['tcp', '127.0.0.1', '0.0.0.0', '192.0.2.2'],
  ['udp', '192.0.2.2', '0.0.0.0', '127.0.0.1'],
  ['tcp', '2001:db8::2', '::', '::1'],
] as const)('%s on %s collides with %s and is named', async ([protocol, at, collides, ip]) => {
  listener = await listen(host, protocol, at, 8080);
  expect(bindCode(protocol, at, 8080)).toBe('EADDRINUSE');
  expect(bindCode(protocol, collides, 8080)).toBe('EADDRINUSE');
  expect(bindCode(protocol, collides, 8081)).toBe('free');
  expect(bindCode(protocol === 'tcp' ? 'udp' : 'tcp', collides, 8080)).toBe('free');
  const program = { pid: listener.pid, command: 'node' };
  expect(host.inside(() => holder(protocol, collides, 8080))).toEqual(program);
  const elsewhere = at === '0.0.0.0' ? program : undefined;
  expect(host.inside(() => holder(protocol, ip, 8080))).toEqual(elsewhere);
});

test('a listener on :: has the IPv4 port too', async () => {
  listener = await listen(host, 'tcp', '::', 8080);
  expect(bindCode('tcp', '0.0.0.0', 8080)).toBe('EADDRINUSE');
  expect(host.inside(() => holder('tcp', '192.0.2.2', 8080))?.pid).toBe(listener.pid);
});
