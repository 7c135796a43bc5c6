import { afterEach, beforeEach, expect, test } from 'vitest';
import { NftError, openNft, runNft } from '../../native/nftables.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';

let host: FakeHost;

beforeEach(() => {
  host = makeFakeHost();
});

afterEach(() => host.dispose());

const table = { family: 'inet', name: 't' };
const map = {
  family: 'inet',
  table: 't',
  name: 'ports',
  type: ['inet_proto', 'ipv4_addr', 'inet_service'],
  map: 'ipv4_addr',
  flags: ['interval'],
};
const skeleton = [{ add: { table } }, { add: { map } }];

function element(address: string, port: number | { range: [number, number] }, to: string) {
  const { family, table, name } = map;
  const elem = [[{ concat: ['tcp', address, port] }, to]];
  return { element: { family, table, name, elem } };
}

function refused(work: () => unknown): NftError {
  try {
    work();
  } catch (error) {
    if (error instanceof NftError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a document takes effect in the namespace that the thread is in, and only there', () => {
  host.inside(() => runNft(skeleton));
  host.inside(() =>
    runNft({ nftables: [{ add: element('192.0.2.2', { range: [8000, 8999] }, '10.5.0.2') }] }),
  );
  expect(host.exec(['nft', 'list', 'map', 'inet', 't', 'ports'])).toContain(
    'tcp . 192.0.2.2 . 8000-8999 : 10.5.0.2',
  );
  const other = makeFakeHost();
  try {
    expect(other.exec(['nft', 'list', 'ruleset'])).toBe('');
  } finally {
    other.dispose();
  }
});

test('a list is parsed', () => {
  host.inside(() => runNft(skeleton));
  const listed = host.inside(() => runNft([{ list: { tables: {} } }]));
  expect(listed?.nftables).toContainEqual({ table: expect.objectContaining(table) });
  expect(host.inside(() => runNft([{ add: { table } }]))).toBeUndefined();
});

test("nft's own language is taken as well, and is as atomic", () => {
  const chain = 'table inet t { chain c { type filter hook input priority 0; policy accept; }; }';
  host.inside(() => runNft(chain));
  const two = 'add rule inet t c counter accept\nadd rule inet t nowhere accept';
  expect(refused(() => host.inside(() => runNft(two))).code).toBe('ENOENT');
  const listed = host.inside(() => runNft('list chain inet t c'));
  expect(listed?.nftables).toHaveLength(2); // nft's version, and the chain without a rule
});

test('a document of which one command fails changes nothing, and says why', () => {
  host.inside(() => runNft(skeleton));
  const error = refused(() =>
    host.inside(() =>
      runNft([
        { add: element('192.0.2.2', 80, '10.5.0.2') },
        { delete: element('192.0.2.2', 81, '10.5.0.2') },
      ]),
    ),
  );
  expect(error.code).toBe('ENOENT');
  expect(error.message).toBe('nft: Could not process rule: No such file or directory');
  expect(host.exec(['nft', 'list', 'map', 'inet', 't', 'ports'])).not.toContain('elements');
});

test('what stays open sees what others did, outlives a refusal and follows the thread', () => {
  const nft = openNft();
  const other = makeFakeHost();
  try {
    host.inside(() => nft.run(skeleton));
    host.exec(['nft', 'delete', 'table', 'inet', 't']);
    host.exec(['nft', 'add', 'table', 'inet', 'theirs']);
    const tables = () => JSON.stringify(nft.run([{ list: { tables: {} } }]));
    expect(host.inside(tables)).toContain('"theirs"');
    const missing = refused(() => host.inside(() => nft.run([{ delete: { table } }])));
    expect(missing.message).toMatch(/^nft: No such file or directory/);
    host.inside(() => nft.run(skeleton));
    other.inside(() => nft.run('add table inet elsewhere'));
    expect(host.exec(['nft', 'list', 'tables'])).toBe('table inet theirs\ntable inet t\n');
    expect(other.exec(['nft', 'list', 'tables'])).toBe('table inet elsewhere\n');
  } finally {
    nft.close();
    other.dispose();
  }
});

test('what is already there is EEXIST', () => {
  host.inside(() => runNft(skeleton));
  expect(refused(() => host.inside(() => runNft([{ create: { table } }]))).code).toBe('EEXIST');
});

test('nonsense is refused by nft itself and leaves the process well', () => {
  const error = refused(() => host.inside(() => runNft([{ add: { nonsense: {} } }])));
  expect(error.code).toBeUndefined();
  expect(error.message).toBe('nft: Unknown object passed to add command.');
  const many = Array.from({ length: 1000 }, (_, i) => ({
    add: element('192.0.2.2', i + 1, '10.5.0.2'),
  }));
  host.inside(() => runNft([...skeleton, ...many]));
  expect(host.exec(['nft', 'list', 'map', 'inet', 't', 'ports'])).toContain('. 1000 :');
});
