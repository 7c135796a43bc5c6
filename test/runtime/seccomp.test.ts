import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CAPABILITIES } from '../../runtime/security/capabilities.ts';
import { cachedFilter } from '../../runtime/security/seccomp-cache.ts';
import { CALLS_BY_CAPABILITY, COMMON_CALLS } from '../../runtime/security/seccomp-calls.ts';
import { defaultProfile } from '../../runtime/security/seccomp-profile.ts';

const allowed = (capabilities: readonly string[], call: string): boolean =>
  defaultProfile(capabilities, 'x64').rules.some(
    ({ action, names, args }) => action === 'allow' && args === undefined && names.includes(call),
  );

describe('the default system call filter', () => {
  it('names each call once', () => {
    expect(COMMON_CALLS).toEqual([...new Set(COMMON_CALLS)]);
  });

  it.each([
    'mount',
    'unshare',
    'setns',
    'reboot',
    'init_module',
    'kexec_load',
    'add_key',
    'keyctl',
    'bpf',
    'io_uring_setup',
    'userfaultfd',
    'swapon',
    'clone',
    'clone3',
  ])('does not allow %s by default', (call) =>
    expect(allowed(DEFAULT_CAPABILITIES, call)).toBe(false),
  );

  it('opens up with capabilities', () => {
    for (const [capability, calls] of Object.entries(CALLS_BY_CAPABILITY)) {
      for (const call of calls) expect(allowed([capability], call)).toBe(true);
    }
    expect(allowed(DEFAULT_CAPABILITIES, 'chroot')).toBe(true);
    expect(allowed([], 'chroot')).toBe(false);
  });

  it('lets threads be made but no namespaces, and has clone3 fall back to clone', () => {
    const rules = defaultProfile(DEFAULT_CAPABILITIES, 'x64').rules;
    expect(rules.find(({ names }) => names.includes('clone'))?.args).toEqual([
      { index: 0, op: 'masked-eq', value: 0x7e020000n, valueTwo: 0n },
    ]);
    expect(rules.find(({ names }) => names.includes('clone3'))).toMatchObject({
      action: 'errno',
      errno: 38,
    });
    expect(defaultProfile(['SYS_ADMIN'], 'x64').rules.some(({ errno }) => errno === 38)).toBe(
      false,
    );
  });
});

it('keeps AF_VSOCK from a container, whatever the upper half of the argument holds', () => {
  const rules = defaultProfile(DEFAULT_CAPABILITIES, 'x64').rules.filter(({ names }) =>
    names.includes('socket'),
  );
  const isAllowed = (family: bigint) =>
    rules.some(({ args = [] }) =>
      args.every(({ op, value, valueTwo }) => op === 'masked-eq' && (family & value) === valueTwo),
    );
  for (let family = 0n; family < 64n; family++) {
    expect(isAllowed(family), `family ${family}`).toBe(family !== 40n);
  }
  expect(isAllowed(40n | (1n << 32n))).toBe(false);
  expect(isAllowed(1n | (1n << 32n))).toBe(true);
});

describe('the cache of compiled filters', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hawser-seccomp-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('keeps one file for each profile, whole or not at all', () => {
    const profile = defaultProfile(DEFAULT_CAPABILITIES);
    const first = cachedFilter(profile, directory);
    expect(first.length % 8).toBe(0);
    expect(Buffer.from(cachedFilter(profile, directory)).equals(first)).toBe(true);
    const [name = ''] = readdirSync(directory);
    expect(readdirSync(directory)).toHaveLength(1);

    truncateSync(join(directory, name), 13);
    expect(Buffer.from(cachedFilter(profile, directory)).equals(first)).toBe(true);
    expect(readFileSync(join(directory, name)).equals(first)).toBe(true);

    cachedFilter(defaultProfile([]), directory);
    expect(readdirSync(directory)).toHaveLength(2);
  });
});
