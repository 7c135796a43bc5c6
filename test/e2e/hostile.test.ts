/** Where hawser cannot work: without root, without nf_tables, on a state that is not its own. */
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSeccomp } from '../../native/seccomp.ts';
import { type Hawser, makeHawser } from '../support/hawser.ts';
import type { Traces } from '../support/traces.ts';

let hawser: Hawser;
let before: Traces;

beforeAll(() => {
  hawser = makeHawser();
  hawser.importBusybox();
  before = hawser.traces();
});
afterAll(() => hawser.dispose());

describe('who is not root', () => {
  // May read this package wherever it lies, and nothing else that nobody may not.
  const nobody = [
    ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--'],
  ];

  it.each([[['ps']], [['run', 'busybox', 'true']], [['network', 'create', 'blue']]])(
    'is told so: %j',
    (args) => {
      expect(hawser.try(args, '', nobody)).toEqual({
        code: 125,
        stdout: '',
        stderr:
          'hawser: open hawser: it needs root, to make namespaces and interfaces (try: sudo hawser ...)\n',
      });
      expect(hawser.traces()).toEqual(before);
    },
  );

  it('has the help all the same', () => {
    expect(hawser.try(['run', '--help'], '', nobody)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a kernel without nf_tables', () => {
  let without: string[];
  beforeAll(() => {
    // As such a kernel answers: it has no protocol of that number in AF_NETLINK (netlink(7)).
    const AF_NETLINK = 16n;
    const NETLINK_NETFILTER = 12n;
    const filter = compileSeccomp({
      defaultAction: 'allow',
      architectures: [],
      rules: [
        {
          names: ['socket'],
          action: 'errno',
          errno: constants.errno.EPROTONOSUPPORT,
          args: [
            { index: 0, op: 'eq', value: AF_NETLINK },
            { index: 2, op: 'eq', value: NETLINK_NETFILTER },
          ],
        },
      ],
    });
    const file = join(hawser.host.dir, 'filter');
    writeFileSync(file, filter);
    without = [process.execPath, join(import.meta.dirname, 'filtered.mjs'), file];
  });
  const why =
    'this kernel has no nf_tables, which bridge networks need for isolation, masquerade and ports ' +
    '(modprobe nf_tables, or a kernel with CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET)';

  it.each([
    [['run', '--name', 'web1', 'busybox', 'true'], 'create network bridge'],
    [['create', '--name', 'web1', 'busybox', 'true'], 'create network bridge'],
    [['network', 'create', 'blue'], 'create network blue'],
  ])('is told so: %j', (args, attempt) => {
    expect(hawser.try(args, '', without)).toEqual({
      code: 125,
      stdout: '',
      stderr: `hawser: ${attempt}: ${why}\n`,
    });
    expect(hawser.run('network', 'ls', '-q').split('\n')).toHaveLength(3);
    expect(hawser.traces()).toEqual(before);
  });

  it('shows in system info, and leaves the modes that need none', () => {
    expect(hawser.try(['system', 'info'], '', without).stdout).toMatch(/nf_tables: +no \(/);
    for (const network of ['none', 'host']) {
      const args = ['run', '--rm', '--network', network, 'busybox', 'echo', network];
      expect(hawser.try(args, '', without)).toEqual({
        code: 0,
        stdout: `${network}\n`,
        stderr: '',
      });
    }
    expect(hawser.traces()).toEqual(before);
  });
});

describe('a state directory', () => {
  /** The files of a directory made for the occasion, and what hawser says when it is told to use it. */
  function use(name: string, make: (root: string) => void) {
    const root = join(hawser.host.dir, name);
    make(root);
    const files = () => readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
    const there = files();
    const outcome = hawser.try(['--root', root, 'network', 'create', 'blue']);
    expect(files()).toEqual(there);
    expect(outcome).toMatchObject({ code: 125, stdout: '' });
    expect(hawser.traces()).toEqual(before);
    return outcome.stderr;
  }

  it('of somebody else is refused, and not written to', () => {
    const stderr = use('foreign', (root) => {
      mkdirSync(join(root, 'photos'), { recursive: true });
      writeFileSync(join(root, 'letter'), 'dear');
    });
    expect(stderr).toBe(
      `hawser: use ${join(hawser.host.dir, 'foreign')} as --root: it holds other things, and none of hawser's state (name an empty directory, or one that does not exist)\n`,
    );
  });

  it.each<[string, (file: string) => void]>([
    ['cut off', (file) => truncateSync(file, 5000)],
    ['overwritten', (file) => writeFileSync(file, Buffer.alloc(16_384, 'x'))],
  ])('that is %s is refused by its path', (_, damage) => {
    const stderr = use(`damaged-${_.replace(' ', '-')}`, (root) => {
      hawser.run('--root', root, 'network', 'ls');
      hawser.run('--root', root, 'image', 'import', join(hawser.host.dir, 'busybox.tar'), 'x');
      damage(join(root, 'state', 'hawser.mdb'));
    });
    expect(stderr).toMatch(/^hawser: use \S+ as --root: \S+\/state\/hawser\.mdb is .*\n$/);
  });

  it('that is a file, or a run directory whose sockets would have too long a name, is refused', () => {
    const file = join(hawser.host.dir, 'file');
    writeFileSync(file, 'x');
    expect(hawser.try(['--root', file, 'ps'])).toMatchObject({
      code: 125,
      stderr: `hawser: make the directory ${file}: there is a file in the way\n`,
    });
    expect(readFileSync(file, 'utf8')).toBe('x');
    expect(hawser.try(['--root', '', 'ps']).stderr).toBe(
      'hawser: --root "": a directory has a name\n',
    );
    // Where no directory can be made at all; trying again and again would not help.
    expect(hawser.try(['--run', '/proc/nowhere/run', 'ps'])).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/^hawser: make the directory \/proc\/nowhere\/run: ENOENT/),
    });
    const deep = join(hawser.host.dir, 'x'.repeat(100));
    expect(hawser.try(['--run', deep, 'ps'])).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(
        /^hawser: use \S+ for --run: it is \d+ characters too long for the sockets in it\n$/,
      ),
    });
  });
});
