import { describe, expect, it } from 'vitest';
import { HawserError } from '../../errors.ts';
import { FakeEngine, hawser, terminal } from './fake.ts';

/** One line on standard error, nothing on standard output, exit code 125, no engine opened. */
async function refusal(...argv: string[]): Promise<string> {
  const { code, stdout, stderr, opened } = await hawser(argv);
  expect({ code, stdout, opened }).toEqual({ code: 125, stdout: '', opened: undefined });
  expect(stderr).toMatch(/^hawser: [^\n]+\n$/);
  return stderr.slice('hawser: '.length, -1);
}

describe('what is not understood', () => {
  it('suggests the command that was meant', async () => {
    expect(await refusal('rnu', 'busybox')).toBe("unknown command 'rnu' (did you mean run?)");
    expect(await refusal('network', 'creat', 'x')).toBe(
      "network: unknown command 'creat' (did you mean create?)",
    );
  });

  it('suggests the option that was meant', async () => {
    expect(await refusal('run', '--nme', 'x', 'busybox')).toBe(
      "run: unknown option '--nme' (did you mean --name?)",
    );
    expect(await refusal('--rot', '/x', 'ps')).toMatch(/^unknown option '--rot' \(did you mean/);
  });

  it('points to the help where nothing is alike', async () => {
    expect(await refusal('ps', '--zzzzzz')).toBe(
      "ps: unknown option '--zzzzzz' (see: hawser ps --help)",
    );
    expect(await refusal('run')).toBe(
      "run: missing required argument 'image' (see: hawser run --help)",
    );
    expect(await refusal('ps', 'web')).toMatch(/^ps: too many arguments/);
    expect(await refusal('stop', '-t')).toMatch(
      /^stop: option '-t, --time <seconds>' argument missing/,
    );
  });

  it('says where a global option belongs', async () => {
    expect(await refusal('ps', '--debug')).toBe(
      "ps: unknown option '--debug' (it goes before the command: hawser --debug ps)",
    );
  });

  it("says why an option of Docker's is not there", async () => {
    expect(await refusal('run', '--restart=always', 'busybox')).toMatch(
      /^run --restart: hawser does not restart containers/,
    );
    expect(await refusal('run', '--init', 'busybox')).toMatch(/^run --init: hawser has no init/);
    expect(await refusal('network', 'create', '--scope', 'x')).toMatch(/^network create --scope: /);
  });

  it('refuses Go templates and other formats', async () => {
    expect(await refusal('ps', '--format', '{{.ID}}')).toBe(
      '--format "{{.ID}}": hawser has no Go templates (use --format json, and jq to choose from it)',
    );
    expect(await refusal('inspect', '--format', 'table', 'web')).toMatch(
      /inspect prints json only/,
    );
  });
});

describe('errors', () => {
  const failing = (error: unknown) => {
    const engine = new FakeEngine();
    engine.containers.start = async () => {
      throw error;
    };
    return engine;
  };

  it('become one sentence with its hint', async () => {
    const engine = failing(
      new HawserError('state', 'start web: it runs', { hint: 'see: hawser ps' }),
    );
    const { code, stderr } = await hawser(['start', 'web'], { engine });
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: 'hawser: start web: it runs (see: hawser ps)\n',
    });
    expect(engine.isClosed).toBe(true);
  });

  it.each([
    ['command-not-found', 127],
    ['cannot-execute', 126],
    ['kernel', 125],
  ] as const)('of code %s exit with %i', async (code, exitCode) => {
    const engine = failing(new HawserError(code, 'x'));
    expect((await hawser(['run', 'busybox', 'x'], { engine })).code).toBe(exitCode);
    expect((await hawser(['start', 'web'], { engine })).code).toBe(exitCode);
  });

  it('cannot forge lines or move the cursor', async () => {
    const engine = failing(new HawserError('invalid', 'name a\nhawser: all is well\x1b[2J: no'));
    const { stderr } = await hawser(['start', 'web'], { engine });
    expect(stderr).toBe('hawser: name a; hawser: all is well\\x1b[2J: no\n');
  });

  it('show their stack and causes with --debug only', async () => {
    const error = new HawserError('kernel', 'attach web', { cause: new Error('ENODEV') });
    expect((await hawser(['start', 'web'], { engine: failing(error) })).stderr).toBe(
      'hawser: attach web\n',
    );
    const { stderr } = await hawser(['--debug', 'start', 'web'], { engine: failing(error) });
    expect(stderr).toMatch(/^hawser: attach web\n.*at .*caused by Error: ENODEV/s);
  });

  it('that are defects say how to see more', async () => {
    const { code, stderr } = await hawser(['start', 'web'], {
      engine: failing(new TypeError('x is not y')),
    });
    expect({ code, stderr }).toEqual({
      code: 125,
      stderr: 'hawser: x is not y (a defect: --debug shows where)\n',
    });
  });

  it('of one thing do not keep the others from being done', async () => {
    const { code, stdout, stderr, engine } = await hawser(['rm', 'nope', 'web']);
    expect({ code, stdout }).toEqual({ code: 125, stdout: 'web\n' });
    expect(stderr).toMatch(/^hawser: find nope: no such container\n$/);
    expect(engine.calls).toEqual([['remove', 'web', { force: false }]]);
  });
});

describe('help', () => {
  it('is what hawser alone shows, with its commands in groups', async () => {
    const { code, stdout, opened } = await hawser([]);
    expect({ code, opened }).toEqual({ code: 0, opened: undefined });
    for (const heading of ['Run containers:', 'See what they do:', 'Networks, images, system:']) {
      expect(stdout).toContain(`\n${heading}\n`);
    }
    expect(stdout.split('\n').length).toBeLessThan(45);
    expect(await hawser(['--help'])).toMatchObject({ code: 0, stdout });
    expect(await hawser(['help'])).toMatchObject({ code: 0, stdout });
  });

  it.each([['run'], ['network', 'create'], ['exec']])('of %s %s has examples', async (...path) => {
    const words = path.filter(Boolean);
    const { code, stdout } = await hawser([...words, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: hawser ${words.join(' ')} `);
    expect(stdout).toContain(`Examples:\n  hawser ${words.join(' ')} `);
    expect((await hawser(['help', ...words])).stdout).toBe(stdout);
  });

  it('of a group lists its commands, but not the hidden one', async () => {
    const { code, stdout, stderr } = await hawser(['system']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/reconcile.*reload.*reset/s);
    expect(stdout).not.toContain('settle');
  });

  it('is bold on a terminal unless NO_COLOR is set', async () => {
    const bold = '\x1b[1m';
    expect((await hawser([], { terminal: terminal(true) })).stdout).toContain(bold);
    expect(
      (await hawser([], { terminal: terminal(true), env: { NO_COLOR: '1' } })).stdout,
    ).not.toContain(bold);
    expect((await hawser([])).stdout).not.toContain(bold);
  });
});

describe('global options', () => {
  it('reach the engine', async () => {
    const { opened } = await hawser(['--root', '/a', '--run=/b', 'ps']);
    expect(opened).toMatchObject({ root: '/a', run: '/b' });
    expect(opened?.onStep).toBeUndefined();
  });

  it('let --debug tell the steps, and notes come always', async () => {
    const at = terminal();
    const { opened } = await hawser(['--debug', 'ps'], { terminal: at });
    opened?.onStep?.('attach:veth');
    opened?.onNote?.('forwarding was switched on');
    expect(String(at.stderr.read())).toBe(
      'hawser: step: attach:veth\nhawser: note: forwarding was switched on\n',
    );
  });

  it('show the version without an engine', async () => {
    expect(await hawser(['--version'])).toMatchObject({
      code: 0,
      stdout: 'hawser 0.1.0\n',
      opened: undefined,
    });
  });

  it("keep Docker's short words apart from their values", async () => {
    const { stdout, opened } = await hawser(['--root', 'images', 'images', '-q']);
    expect(opened).toMatchObject({ root: 'images' });
    expect(stdout).toBe('c3c3c3c3c3c3\n');
  });
});
