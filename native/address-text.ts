/** Addresses as people write them, and as the kernel carries them. */
import { bind, libc } from './ffi.ts';
import { SysError } from './sys-error.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
const EINVAL = 22;

const c = {
  pton: bind<(family: number, text: string, to: Buffer) => number>(
    libc,
    'int inet_pton(int family, const char *text, void *to)',
  ),
  ntop: bind<(family: number, from: Buffer, to: Buffer, size: number) => string | null>(
    libc,
    'const char *inet_ntop(int family, const void *from, void *to, uint size)',
  ),
};

/** AF_INET or AF_INET6, by the look of an address. */
export function familyOf(address: string): number {
  return address.includes(':') ? AF_INET6 : AF_INET;
}

/** The 4 or 16 bytes of an address; throws a SysError EINVAL for text that is none. */
export function addressBytes(text: string): Buffer {
  const family = familyOf(text);
  const bytes = Buffer.alloc(family === AF_INET ? 4 : 16);
  if (c.pton(family, text, bytes) !== 1) throw malformed(`read ${text} as an IP address`);
  return bytes;
}

/** The canonical text (RFC 5952) of 4 or 16 bytes. */
export function addressText(bytes: Buffer): string {
  const text = Buffer.alloc(46); // INET6_ADDRSTRLEN
  const family = bytes.length === 4 ? AF_INET : AF_INET6;
  const result = c.ntop(family, bytes, text, text.length);
  if (result === null) throw malformed(`read ${bytes.length} bytes as an IP address`);
  return result;
}

export function macBytes(text: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw malformed(`read ${text} as a MAC`);
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** Lower case, colons; as long as the hardware's addresses are. */
export function macText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
}

function malformed(attempt: string): SysError {
  return new SysError({ syscall: 'inet_pton', errno: EINVAL, attempt });
}
