import { describe, expect, it } from 'vitest';
import {
  CAPABILITIES,
  capabilityMask,
  DEFAULT_CAPABILITIES,
  grantableCapabilities,
  resolveCapabilities,
} from '../../runtime/security/capabilities.ts';

const resolve = (add: string[], drop: string[] = [], privileged = false): string[] =>
  resolveCapabilities({ add, drop, privileged });

describe('capabilities', () => {
  it('are by default those of Docker, bit for bit', () => {
    expect(capabilityMask(resolve([])).toString(16)).toBe('a80425fb');
    expect(resolve([])).toHaveLength(DEFAULT_CAPABILITIES.length);
  });

  it('can be added and dropped, with or without CAP_, in any case', () => {
    expect(resolve(['cap_net_admin'])).toContain('NET_ADMIN');
    expect(resolve([], ['Chown'])).not.toContain('CHOWN');
  });

  it('start from nothing with drop ALL, and from everything with add ALL', () => {
    expect(resolve([], ['ALL'])).toEqual([]);
    expect(resolve(['NET_RAW'], ['all'])).toEqual(['NET_RAW']);
    expect(resolve(['ALL'], ['SYS_ADMIN'])).toEqual(
      CAPABILITIES.filter((name) => name !== 'SYS_ADMIN'),
    );
  });

  it('are all there when privileged, whatever is dropped', () => {
    expect(capabilityMask(resolve([], ['ALL'], true))).toBe((1n << 41n) - 1n);
  });

  it('are refused by an unknown name', () => {
    expect(() => resolve(['NET_ADMlN'])).toThrow('there is no capability "NET_ADMlN"');
  });

  it('of this process are in its bounding set', () => {
    expect(grantableCapabilities()).toContain('SYS_ADMIN');
  });
});
