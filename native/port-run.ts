import { AF_INET, addressBytes, familyOf } from './address-text.ts';
import type { PortRun } from './plan.ts';

const SIZE = 22;
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/** A run of ports as the launcher reads it, in plans and in frames (native/launcher/ports.h). */
export function encodePortRun({ protocol, address, first, count }: PortRun): Buffer {
  const bytes = Buffer.alloc(SIZE);
  if (address !== '*') {
    bytes.writeUInt8(familyOf(address) === AF_INET ? 4 : 6, 0);
    addressBytes(address).copy(bytes, 6);
  }
  bytes.writeUInt8(PROTOCOLS[protocol], 1);
  bytes.writeUInt16LE(first, 2);
  bytes.writeUInt16LE(count, 4);
  return bytes;
}
