import type { SeccompArchitecture, SeccompProfile, SeccompRule } from '../../native/seccomp.ts';
import { CALLS_BY_ARCHITECTURE, CALLS_BY_CAPABILITY, COMMON_CALLS } from './seccomp-calls.ts';

/** CLONE_NEW*, all but time: a new namespace is a way to capabilities that were taken away. */
const CLONE_NAMESPACES = 0x7e020000n;
/** Its sockets reach the hypervisor and other virtual machines, past every network namespace. */
const AF_VSOCK = 40n;
/** Families are numbers below 64 (AF_MAX is 46). */
const FAMILY_BITS = [1n, 2n, 4n, 8n, 16n, 32n];
/** Execution domains that change nothing of consequence: PER_LINUX, PER_LINUX32, the two with UNAME26, and asking. */
const PERSONALITIES = [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn];
/** "There is no such call": the C library then falls back to clone, whose flags a filter can see. */
const ENOSYS = 38;

/** What the processor's kernel can run besides its own: each has numbers of its own to be filtered. */
const ARCHITECTURES: Readonly<Record<string, readonly SeccompArchitecture[]>> = {
  x64: ['x86_64', 'x86', 'x32'],
  arm64: ['aarch64', 'arm'],
};

/**
 * The default filter for a container with these capabilities: what is not listed fails with EPERM.
 * `architecture` is Node's name of the processor.
 */
export function defaultProfile(
  capabilities: readonly string[],
  architecture: string = process.arch,
): SeccompProfile {
  const admin = capabilities.includes('SYS_ADMIN');
  return {
    defaultAction: 'errno',
    architectures: ARCHITECTURES[architecture] ?? [],
    rules: [
      allow(COMMON_CALLS),
      allow(CALLS_BY_ARCHITECTURE[architecture] ?? []),
      allow(capabilities.flatMap((name) => CALLS_BY_CAPABILITY[name] ?? [])),
      ...FAMILY_BITS.map(differsFromVsock),
      ...PERSONALITIES.map(
        (value): SeccompRule => ({
          ...allow(['personality']),
          args: [{ index: 0, op: 'eq', value }],
        }),
      ),
      ...(admin ? [] : withoutNamespaces(architecture)),
    ],
  };
}

/**
 * A family other than AF_VSOCK differs from it in some bit. "Not equal" would compare 64 bits where
 * the kernel looks at 32: with any of the upper ones set, a program would have its AF_VSOCK.
 */
const differsFromVsock = (bit: bigint): SeccompRule => ({
  ...allow(['socket']),
  args: [{ index: 0, op: 'masked-eq', value: bit, valueTwo: ~AF_VSOCK & bit }],
});

/** Processes and threads may be made, namespaces not. clone3 hides its flags in memory from any filter. */
function withoutNamespaces(architecture: string): SeccompRule[] {
  // clone(2), "C library/kernel differences": s390 has the first two arguments swapped.
  const index = architecture === 's390x' ? 1 : 0;
  return [
    {
      ...allow(['clone']),
      args: [{ index, op: 'masked-eq', value: CLONE_NAMESPACES, valueTwo: 0n }],
    },
    { names: ['clone3'], action: 'errno', errno: ENOSYS },
  ];
}

const allow = (names: readonly string[]): SeccompRule => ({ names, action: 'allow' });
