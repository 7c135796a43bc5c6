import { readFileSync } from 'node:fs';
import { HawserError } from '../../errors.ts';

/** The kernel's capabilities; the index is the number (include/uapi/linux/capability.h). */
export const CAPABILITIES: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'],
  ...['SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW'],
  ...['IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT'],
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD'],
  ...['LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG'],
  ...['WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
];

/** What a container's root may do unless told otherwise: Docker's fourteen. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'NET_RAW', 'SYS_CHROOT', 'MKNOD', 'AUDIT_WRITE', 'SETFCAP'],
];

/**
 * The capabilities of a container, by Docker's rules: `privileged` is all of them whatever else is
 * asked, `--cap-drop ALL` starts from nothing, `--cap-add ALL` from everything, and what is both
 * added and dropped by name is added. Names come with or without CAP_, in any case.
 */
export function resolveCapabilities(request: {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
}): string[] {
  const add = request.add.map(capabilityName);
  const drop = request.drop.map(capabilityName);
  if (request.privileged) return [...CAPABILITIES];

  const has = (name: string): boolean => {
    if (drop.includes('ALL')) return add.includes(name);
    if (add.includes('ALL')) return !drop.includes(name);
    return add.includes(name) || (DEFAULT_CAPABILITIES.includes(name) && !drop.includes(name));
  };
  return CAPABILITIES.filter(has);
}

function capabilityName(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name !== 'ALL' && !CAPABILITIES.includes(name)) {
    throw new HawserError('invalid', `set capabilities: there is no capability "${text}"`, {
      hint: 'see: man 7 capabilities',
    });
  }
  return name;
}

/** The set as the kernel writes it: bit n is capability n. */
export function capabilityMask(names: readonly string[]): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n);
}

/**
 * What this process itself may hand on: its bounding set (capabilities(7)). Even root lacks some of
 * them when it runs in a container or in a trimmed virtual machine.
 */
export function grantableCapabilities(): string[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITIES.filter((_, number) => (mask >> BigInt(number)) & 1n);
}
