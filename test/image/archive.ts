/** Tars made by hand, so that they can be wrong in every way; and a look at what became of them. */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Node {
  name: string;
  /** The typeflag; default `0`, or `5` if the name ends with a slash. */
  type?: string;
  data?: string | Buffer;
  /** What the header says, whatever `data` is. */
  size?: number | Buffer;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  linkname?: string;
  /** Default POSIX's. */
  magic?: string;
  device?: [major: number, minor: number];
  /** Records of a pax header before it. */
  pax?: Record<string, string | Buffer>;
  /** Bytes written over the finished header, whose checksum stays as it was. */
  patch?: { at: number; bytes: Buffer };
}

const BLOCK = 512;
export const END = Buffer.alloc(2 * BLOCK);

/** A whole archive. */
export function tar(...nodes: Node[]): Buffer {
  return Buffer.concat([...nodes.map(record), END]);
}

/** One entry: header, data, padding. */
export function record(node: Node): Buffer {
  const data = Buffer.from(node.data ?? '');
  const parts = node.pax ? [record({ name: 'pax', type: 'x', data: paxData(node.pax) })] : [];
  return Buffer.concat([...parts, header(node, data.length), padded(data)]);
}

export function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

export function paxData(records: Record<string, string | Buffer>): Buffer {
  const lines = Object.entries(records).map(([keyword, value]) => {
    const rest = Buffer.concat([
      Buffer.from(` ${keyword}=`),
      Buffer.from(value),
      Buffer.from('\n'),
    ]);
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length++;
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return Buffer.concat(lines);
}

function header(node: Node, length: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(node.name, 0, 100, 'utf8');
  octal(node.mode ?? (node.name.endsWith('/') ? 0o755 : 0o644), 100, 7);
  octal(node.uid ?? 0, 108, 7);
  octal(node.gid ?? 0, 116, 7);
  if (Buffer.isBuffer(node.size)) node.size.copy(block, 124);
  else octal(node.size ?? length, 124, 11);
  octal(node.mtime ?? 1_000_000_000, 136, 11);
  block.write(node.type ?? (node.name.endsWith('/') ? '5' : '0'), 156, 'latin1');
  block.write(node.linkname ?? '', 157, 100, 'utf8');
  block.write(node.magic ?? 'ustar\x0000', 257, 'latin1');
  octal(node.device?.[0] ?? 0, 329, 7);
  octal(node.device?.[1] ?? 0, 337, 7);
  block.fill(' ', 148, 156);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block[154] = 0;
  node.patch?.bytes.copy(block, node.patch.at);
  return block;
}

/**
 * All that is below a directory, a line each: `d755 etc`, `f644 etc/motd "hello"`, `l etc/x -> y`,
 * `p600 pipe`, `c666 dev/null 1:3`.
 */
export function snapshot(directory: string): string[] {
  return list(Buffer.from(directory).toString('latin1'), '');
}

/** With paths of one character a byte, since names need not be UTF-8. */
function list(directory: string, below: string): string[] {
  const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');
  return readdirSync(bytes(join(directory, below)), 'latin1')
    .sort()
    .flatMap((base) => {
      const name = join(below, base);
      const path = bytes(join(directory, name));
      const shown = bytes(name).toString();
      const stats = lstatSync(path);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isDirectory()) return [`d${mode} ${shown}`, ...list(directory, name)];
      if (stats.isSymbolicLink()) return [`l ${shown} -> ${readlinkSync(path, 'utf8')}`];
      if (stats.isFIFO()) return [`p${mode} ${shown}`];
      if (stats.isCharacterDevice()) {
        return [`c${mode} ${shown} ${stats.rdev >> 8}:${stats.rdev & 0xff}`];
      }
      return [`f${mode} ${shown} ${JSON.stringify(readFileSync(path, 'utf8'))}`];
    });
}
