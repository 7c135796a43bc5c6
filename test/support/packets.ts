/** Packets of the Internet's protocols, byte by byte, with whatever addresses a test likes. */
import { addressBytes, macBytes } from '../../native/address-text.ts';
import { checksum, u16 } from './wire.ts';

export const TYPE = { ip: 0x0800, arp: 0x0806, ip6: 0x86dd } as const;

export interface Arp {
  /** 1 asks, 2 answers. */
  operation?: 1 | 2;
  senderMac: string;
  sender: string;
  target: string;
}

/** RFC 826, for IPv4 on Ethernet. */
export function arp({ operation = 2, senderMac, sender, target }: Arp): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation]);
  const [from, to] = [addressBytes(sender), addressBytes(target)];
  return Buffer.concat([head, macBytes(senderMac), from, Buffer.alloc(6), to]);
}

/** An IPv4 packet (RFC 791) without options. */
export function ip4(source: string, destination: string, protocol: number, body: Buffer): Buffer {
  const head = Buffer.from([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0]);
  head.writeUInt16BE(20 + body.length, 2);
  const addresses = Buffer.concat([addressBytes(source), addressBytes(destination)]);
  head.writeUInt16BE(checksum(Buffer.concat([head, addresses])), 10);
  return Buffer.concat([head, addresses, body]);
}

/** An IPv6 packet (RFC 8200), hop limit 255; `next` is the first header in `body`. */
export function ip6(source: string, destination: string, next: number, body: Buffer): Buffer {
  const head = Buffer.concat([
    Buffer.from([0x60, 0, 0, 0]),
    u16(body.length),
    Buffer.from([next, 255]),
  ]);
  return Buffer.concat([head, addressBytes(source), addressBytes(destination), body]);
}

/** UDP (RFC 768) without a checksum. */
export function udp(from: number, to: number, text: string): Buffer {
  return Buffer.concat([u16(from), u16(to), u16(8 + text.length), u16(0), Buffer.from(text)]);
}

export const ICMPV6 = 58;
export const ND = {
  solicitRouter: 133,
  advertiseRouter: 134,
  solicit: 135,
  advertise: 136,
  redirect: 137,
} as const;
export const OPTION = { source: 1, target: 2 } as const;

/** An ICMPv6 message (RFC 4443) with the checksum that its addresses call for. */
export function icmp6(source: string, destination: string, type: number, body: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
  const tail = Buffer.concat([
    Buffer.alloc(2),
    u16(message.length),
    Buffer.from([0, 0, 0, ICMPV6]),
  ]);
  const pseudo = Buffer.concat([addressBytes(source), addressBytes(destination), tail]);
  message.writeUInt16BE(checksum(Buffer.concat([pseudo, message])), 2);
  return message;
}

/** The body of a neighbour solicitation or advertisement (RFC 4861, 4.3 and 4.4), and its options. */
export function neighbour(target: string, ...options: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([0x20, 0, 0, 0]), addressBytes(target), ...options]);
}

/** A link-layer address option (RFC 4861, 4.6.1): source or target. */
export function linkOption(type: number, mac: string): Buffer {
  return Buffer.concat([Buffer.from([type, 1]), macBytes(mac)]);
}
