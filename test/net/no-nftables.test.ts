import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Lab, makeLab, refusal } from './lab.ts';

/** A kernel without nf_tables, played by the one call that would reach it. */
vi.mock('../../native/nftables.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../native/nftables.ts')>();
  const { SysError } = await import('../../native/sys-error.ts');
  const run = () => {
    throw new SysError({ syscall: 'socket', errno: 93, attempt: 'open a netfilter socket' });
  };
  return { ...original, runNft: run, openNft: () => ({ run, close() {} }) };
});

let lab: Lab;
beforeAll(() => {
  lab = makeLab();
});
afterAll(() => lab.dispose());

it('a kernel without nf_tables is told in a sentence, and nothing is left', () => {
  const links = lab.host.exec(['ip', '-br', 'link']);
  const forwards = () => lab.host.exec(['cat', '/proc/sys/net/ipv4/ip_forward']);
  expect(forwards()).toBe('0\n');
  const error = refusal(() => lab.container('web1'));
  expect(error.code).toBe('unsupported');
  expect(error.message).toBe(
    'attach web1 to bridge: create network bridge: this kernel has no nf_tables, which bridge networks need for isolation, masquerade and ports',
  );
  expect(lab.host.exec(['ip', '-br', 'link'])).toBe(links);
  expect(forwards()).toBe('0\n');
  expect(lab.networking.networks.list()).toEqual([]);
  expect([...lab.store.table('held').entries()]).toEqual([]);
});
