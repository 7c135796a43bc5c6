/**
 * The text of `-p`, as Docker reads it:
 *
 *   80                    container port 80 on a free port of the host
 *   8080:80/udp           a protocol; tcp is the default
 *   127.0.0.1:8080:80     on one address of the host only
 *   127.0.0.1::80         on a free port of that address
 *   [::1]:8080:80         the same with an IPv6 address
 *   8000-8999:8000-8999   a range onto a range of the same length
 *   8000-8010:80          the first free of these
 */
import { isIPv4, isIPv6 } from 'node:net';
import { HawserError } from '../../errors.ts';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import type { PortRequest, Protocol } from '../model.ts';
import { plain } from '../names.ts';

/** Every IPv4 address of the host, and every IPv6 one. */
export const ANY_ADDRESS = '0.0.0.0';
export const ANY_ADDRESS6 = '::';

interface PortRange {
  first: number;
  count: number;
}

/**
 * Reads one `-p`.
 *
 * @throws HawserError 'invalid' for malformed text, 'unsupported' for sctp
 */
export function parsePort(text: string): PortRequest {
  const [body = '', protocolText, ...rest] = text.split('/');
  if (rest.length > 0) throw malformed(text, 'there is more than one /');
  const protocol = parseProtocol(text, protocolText);
  const { hostIp, host, container } = splitAddress(text, body);
  const inner = parseRange(text, container, 'container port');
  const base: PortRequest = {
    protocol,
    ...(hostIp !== undefined && { hostIp }),
    containerPort: inner.first,
    count: inner.count,
  };
  if (host === '') return base;

  const outer = parseRange(text, host, 'host port');
  if (outer.count === inner.count) return { ...base, hostPort: outer.first };
  if (inner.count === 1) {
    return { ...base, hostPort: outer.first, hostPortLast: outer.first + outer.count - 1 };
  }
  throw malformed(text, `${outer.count} host ports cannot lead to ${inner.count} container ports`);
}

/** The request as `-p` would say it, for messages: `127.0.0.1:8080:80/tcp`. */
export function formatPort(port: PortRequest): string {
  const address = port.hostIp === undefined ? '' : `${bracketed(port.hostIp)}:`;
  const host = port.hostPort === undefined ? '' : formatRange(port.hostPort, port.count);
  const container = formatRange(port.containerPort, port.count);
  const outer = address === '' && host === '' ? '' : `${address}${host}:`;
  return `${outer}${container}/${port.protocol}`;
}

/** An IPv6 address in brackets, as before a colon and a port (RFC 3986). */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function formatRange(first: number, count: number): string {
  return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
}

function parseProtocol(text: string, protocol: string | undefined): Protocol {
  const name = protocol?.toLowerCase() ?? 'tcp';
  if (name === 'tcp' || name === 'udp') return name;
  if (name === 'sctp') {
    throw new HawserError('unsupported', `publish ${text}: only tcp and udp can be published`);
  }
  throw malformed(
    text,
    `${protocol === '' ? 'the protocol is missing' : `no protocol is called ${name}`}`,
  );
}

interface Split {
  hostIp: string | undefined;
  /** Empty: any. */
  host: string;
  container: string;
}

function splitAddress(text: string, body: string): Split {
  if (body.startsWith('[')) return splitAddress6(text, body);
  const parts = body.split(':');
  const container = parts.at(-1) ?? '';
  if (parts.length > 3) throw malformed(text, FORM);
  if (parts.length === 3) {
    const [address = '', host = ''] = parts;
    if (address === '') return { hostIp: undefined, host, container };
    if (!isIPv4(address)) throw malformed(text, `${address} is not an IPv4 address`);
    return { hostIp: address, host, container };
  }
  const host = parts.length === 2 ? (parts[0] ?? '') : '';
  if (parts.length === 2 && host === '') throw malformed(text, 'the host port is missing');
  return { hostIp: undefined, host, container };
}

const FORM = 'it has the form [ADDRESS:][HOST-PORT:]CONTAINER-PORT[/PROTOCOL]';

function splitAddress6(text: string, body: string): Split {
  const [, address = '', rest = ''] = /^\[([^\]]*)\]:(.*)$/.exec(body) ?? [];
  if (!isIPv6(address)) throw malformed(text, 'its IPv6 address is no address');
  const [host = '', container, ...more] = rest.split(':');
  if (container === undefined || more.length > 0) throw malformed(text, FORM);
  return { hostIp: canonicalHostIp(text, address), host, container };
}

/** fe80::/10 (RFC 4291): which host is meant depends on the interface, which no port can say. */
function canonicalHostIp(text: string, address: string): string {
  if (/^fe[89ab]/i.test(address) || address.includes('%')) {
    throw malformed(text, `${address} is a link-local address`);
  }
  if (/^::ffff:/i.test(address)) throw malformed(text, `write ${address} as an IPv4 address`);
  return formatAddress(parseAddress(address));
}

function parseRange(text: string, range: string, what: string): PortRange {
  if (range === '') throw malformed(text, `the ${what} is missing`);
  const [from = '', to = from, ...rest] = range.split('-');
  if (rest.length > 0) throw malformed(text, `${range} is not a range of ports`);
  const first = parseNumber(text, from);
  const last = parseNumber(text, to);
  if (last < first) throw malformed(text, `the range ${range} ends before it begins`);
  return { first, count: last - first + 1 };
}

function parseNumber(text: string, digits: string): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port < 1 || port > 65535)
    throw malformed(text, `${digits || JSON.stringify(digits)} is not a port (1 to 65535)`);
  return port;
}

function malformed(text: string, why: string): HawserError {
  return new HawserError('invalid', `publish ${plain(text)}: ${why}`);
}
