/**
 * Frames as they are on the wire: written and read by packet(7) sockets, with which a container that
 * has CAP_NET_RAW may send whatever it likes.
 */
import { macBytes } from '../../native/address-text.ts';
import { bind, libc } from '../../native/ffi.ts';
import { close } from '../../native/libc.ts';
import { check } from '../../native/sys-error.ts';
import type { Place } from './fakehost.ts';

const c = {
  socket: bind<(domain: number, type: number, protocol: number) => number>(
    libc,
    'int socket(int domain, int type, int protocol)',
  ),
  bind: bind<(fd: number, address: Buffer, size: number) => number>(
    libc,
    'int bind(int fd, const void *address, uint size)',
  ),
  index: bind<(name: string) => number>(libc, 'uint if_nametoindex(const char *name)'),
  send: bind<(fd: number, frame: Buffer, size: number, flags: number) => number>(
    libc,
    'int send(int fd, const void *frame, size_t size, int flags)',
  ),
  receive: bind<(fd: number, frame: Buffer, size: number, flags: number) => number>(
    libc,
    'int recv(int fd, void *frame, size_t size, int flags)',
  ),
};

const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ALL = 0x0003;
const MSG_DONTWAIT = 0x40;

/** An end of a wire. */
export interface Wire {
  send(frame: Buffer): void;
  /** All that came in or went out since the last time. */
  seen(): Buffer[];
  close(): void;
}

/** Taps an interface of a place; frames of all protocols are seen, in both directions. */
export function tap(at: Place, ifname: string): Wire {
  const fd = at.inside(() => {
    const socket = check(c.socket(AF_PACKET, SOCK_RAW, swapped(ETH_P_ALL)), 'socket', 'tap');
    check(c.bind(socket, linkAddress(c.index(ifname)), 20), 'bind', `tap ${ifname}`);
    return socket;
  });
  const buffer = Buffer.alloc(65_536);
  return {
    send: (frame) => void check(c.send(fd, frame, frame.length, 0), 'send', 'send a frame'),
    seen() {
      const frames: Buffer[] = [];
      for (;;) {
        const size = c.receive(fd, buffer, buffer.length, MSG_DONTWAIT);
        if (size < 0) return frames;
        frames.push(Buffer.from(buffer.subarray(0, size)));
      }
    },
    close: () => close(fd),
  };
}

/** struct sockaddr_ll (packet(7)): family, protocol, index, and eight bytes that binding ignores. */
function linkAddress(index: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ALL, 2);
  address.writeInt32LE(index, 4);
  return address;
}

function swapped(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}

/** An Ethernet II frame. */
export function ethernet(to: string, from: string, type: number, payload: Buffer): Buffer {
  return Buffer.concat([macBytes(to), macBytes(from), u16(type), payload]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** The Internet checksum of RFC 1071. */
export function checksum(data: Buffer): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += (data[i] ?? 0) * 256 + (data[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
