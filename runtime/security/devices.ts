/** A rule of the device controller: which access to which devices is allowed. */
export interface DeviceRule {
  kind: 'char' | 'block';
  /** Absent: any. */
  major?: number;
  minor?: number;
  /** Some of r(ead), w(rite), m(knod). */
  access: string;
}

/** A device file of the container's private /dev. */
export interface DeviceNode {
  path: string;
  major: number;
  minor: number;
}

/** All the character devices there are in a container's /dev; modes are 0666, the owner is root. */
export const DEVICE_NODES: readonly DeviceNode[] = [
  { path: '/dev/null', major: 1, minor: 3 },
  { path: '/dev/zero', major: 1, minor: 5 },
  { path: '/dev/full', major: 1, minor: 7 },
  { path: '/dev/random', major: 1, minor: 8 },
  { path: '/dev/urandom', major: 1, minor: 9 },
  { path: '/dev/tty', major: 5, minor: 0 },
];

/** Names in /dev that lead elsewhere. */
export const DEVICE_LINKS: readonly { path: string; target: string }[] = [
  { path: '/dev/fd', target: '/proc/self/fd' },
  { path: '/dev/stdin', target: '/proc/self/fd/0' },
  { path: '/dev/stdout', target: '/proc/self/fd/1' },
  { path: '/dev/stderr', target: '/proc/self/fd/2' },
  { path: '/dev/ptmx', target: 'pts/ptmx' },
  { path: '/dev/core', target: '/proc/kcore' },
];

/**
 * What the device controller allows, as Docker's: device files may be made, but only those of the
 * private /dev, the console and the container's own pseudo-terminals can be opened.
 */
export const DEVICE_RULES: readonly DeviceRule[] = [
  { kind: 'char', access: 'm' },
  { kind: 'block', access: 'm' },
  ...DEVICE_NODES.map(
    ({ major, minor }): DeviceRule => ({ kind: 'char', major, minor, access: 'rwm' }),
  ),
  { kind: 'char', major: 5, minor: 1, access: 'rwm' }, // /dev/console
  { kind: 'char', major: 5, minor: 2, access: 'rwm' }, // /dev/pts/ptmx
  { kind: 'char', major: 136, access: 'rwm' }, // /dev/pts/*
];
