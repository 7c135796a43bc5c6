/** struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)). */
import { AF_INET, addressBytes, addressText, familyOf } from './address-text.ts';

/** The length of the longer of the two, in bytes. */
export const SOCKADDR_SIZE = 28;

export function socketAddress(ip: string, port: number): Buffer {
  const family = familyOf(ip);
  const bytes = Buffer.alloc(family === AF_INET ? 16 : SOCKADDR_SIZE);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(port, 2);
  addressBytes(ip).copy(bytes, family === AF_INET ? 4 : 8);
  return bytes;
}

/** The address in it; an IPv4 address that an IPv6 socket has to do with is told as what it is. */
export function addressOf(socketAddress: Buffer): string {
  const isV4 = socketAddress.readUInt16LE(0) === AF_INET;
  const bytes = isV4 ? socketAddress.subarray(4, 8) : socketAddress.subarray(8, 24);
  return addressText(bytes).replace(/^::ffff:(?=\d+\.)/, '');
}
