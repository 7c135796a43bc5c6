import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceNode } from './devices.ts';

/** A device file of the host, for privileged containers. */
export interface HostDevice extends DeviceNode {
  kind: 'char' | 'block';
  /** Permission bits. */
  mode: number;
}

/** What a container has of its own: terminals, shared memory, message queues, its console. */
const OWN = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', 'ptmx', 'hugepages']);

/** Every device file in the host's /dev, at any depth. */
export function hostDevices(directory = '/dev'): HostDevice[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): HostDevice[] => {
    const path = join(directory, entry.name);
    if (directory === '/dev' && OWN.has(entry.name)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return [];

    const { rdev, mode } = lstatSync(path, { bigint: true });
    const kind = entry.isBlockDevice() ? 'block' : 'char';
    return [{ path, kind, ...deviceNumbers(rdev), mode: Number(mode) & 0o777 }];
  });
}

/** The two halves of a device number (makedev(3)). */
export function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}
