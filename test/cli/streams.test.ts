import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseDetachKeys } from '../../cli/detach-keys.ts';
import { HawserError } from '../../errors.ts';
import { FakeEngine, hawser, terminal, webId } from './fake.ts';

/** Lets everything that is ready to happen, happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

/** A command that has come to the point where its process runs, and its process. */
async function begin(argv: string[], isTTY = false) {
  const engine = new FakeEngine();
  const at = terminal(isTTY);
  const outcome = hawser(argv, { engine, terminal: at });
  // Modules are read on the way: wait for the streams to be joined, however long that takes.
  for (let i = 0; i < 5000 && at.signals.eventNames().length === 0; i++) await sleep(2);
  await settle();
  return { engine, session: engine.session, outcome, ...at };
}

describe('a foreground run', () => {
  it('passes output and the exit code on, settles the end, and says so', async () => {
    const { session, engine, outcome } = await begin(['run', '--rm', 'busybox', 'x']);
    session.stdout.write('out\n');
    session.stderr.write('err\n');
    session.end(3);
    expect(await outcome).toMatchObject({ code: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(engine.calls.slice(1)).toEqual([
      ['start', 'web', { attach: true, attend: true }],
      ['settle', webId],
    ]);
    expect([session.isDone, session.isClosed, engine.isClosed]).toEqual([true, true, true]);
  });

  it('delivers megabytes before it ends', async () => {
    const { session, outcome, stdout } = await begin(['run', 'busybox', 'x']);
    let received = 0;
    stdout.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    for (let i = 0; i < 64; i++) session.stdout.write(Buffer.alloc(65_536));
    session.end(0);
    await outcome;
    expect(received).toBe(64 * 65_536);
  });

  it('feeds standard input with -i only, and its end', async () => {
    const { session, outcome, stdin } = await begin(['run', '-i', 'busybox', 'cat']);
    stdin.end('typed');
    await settle();
    expect(String(session.stdin.read())).toBe('typed');
    expect(session.stdin.writableEnded).toBe(true);
    session.end(0);
    await outcome;

    const deaf = await begin(['run', 'busybox', 'cat']);
    deaf.stdin.write('typed');
    await settle();
    expect(deaf.session.stdin.read()).toBeNull();
    deaf.session.end(0);
    await deaf.outcome;
  });

  it('outlives an input that the process has closed', async () => {
    const { session, outcome, stdin } = await begin(['run', '-i', 'busybox', 'true']);
    session.stdin.destroy(new Error('EPIPE'));
    stdin.write('for nobody');
    await settle();
    session.end(0);
    expect((await outcome).code).toBe(0);
  });

  it('passes signals on, unless told not to', async () => {
    const { session, outcome, signals } = await begin(['run', 'busybox', 'x']);
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(session.signals).toEqual([2, 15]);
    session.end(143);
    expect((await outcome).code).toBe(143);
    expect(signals.eventNames()).toEqual([]);
  });

  it('makes the terminal raw, follows its size, and puts it back', async () => {
    const { session, outcome, stdout, raw, signals } = await begin(
      ['run', '-it', 'busybox', 'sh'],
      true,
    );
    expect(raw).toEqual([true]);
    expect(session.sizes).toEqual([[40, 120]]);
    stdout.rows = 50;
    stdout.emit('resize');
    expect(session.sizes).toEqual([
      [40, 120],
      [50, 120],
    ]);
    session.end(0);
    await outcome;
    expect(raw).toEqual([true, false]);
    expect([stdout.listenerCount('resize'), signals.eventNames()]).toEqual([0, []]);
  });

  it('leaves the container alone at ctrl-p ctrl-q, and passes what only begins like it', async () => {
    const { session, engine, outcome, stdin, raw } = await begin(
      ['run', '-it', 'busybox', 'sh'],
      true,
    );
    for (const chunk of ['a\x10', 'b\x10\x10', '\x11never']) {
      stdin.write(chunk);
      await settle();
    }
    expect((await outcome).code).toBe(0);
    expect(String(session.stdin.read())).toBe('a\x10b\x10');
    expect(engine.calls.map(([name]) => name)).toEqual(['create', 'start']);
    expect([session.isDone, session.isClosed]).toEqual([false, true]);
    expect(raw).toEqual([true, false]);
  });

  it('gives the terminal back when it is ended from outside', async () => {
    const { session, outcome, signals, raw } = await begin(['run', '-it', 'busybox', 'sh'], true);
    signals.emit('SIGTERM', 'SIGTERM');
    expect((await outcome).code).toBe(143);
    expect([session.signals, session.isDone]).toEqual([[], false]);
    expect(raw).toEqual([true, false]);
  });

  it('says so when the monitor is killed, and settles what is left', async () => {
    const { session, engine, outcome } = await begin(['run', 'busybox', 'x']);
    session.fail(new Error('gone'));
    const { code, stderr } = await outcome;
    expect(code).toBe(125);
    expect(stderr).toMatch(/^hawser: the process has lost its monitor/);
    expect(engine.calls).toContainEqual(['settle', webId]);
    expect(engine.calls.map(([name]) => name)).not.toContain('remove');
  });

  it('refuses -t with an input that is no terminal, before it makes anything', async () => {
    const { code, stderr, engine } = await hawser(['run', '-it', 'busybox', 'sh']);
    expect({ code, calls: engine.calls }).toEqual({ code: 125, calls: [] });
    expect(stderr).toMatch(/standard input is no terminal/);
  });

  it.each([
    ['--detach-keys', 'ctrl-1'],
    ['--sig-proxy', 'maybe'],
  ])('refuses a malformed %s before it makes anything', async (option, value) => {
    for (const command of ['run', 'start', 'attach']) {
      const { code, stderr, opened } = await hawser([command, option, value, 'web']);
      expect({ code, opened }).toEqual({ code: 125, opened: undefined });
      expect(stderr).toMatch(`hawser: ${option} "${value}": `);
    }
  });

  it('with --rm removes a container that could not be started', async () => {
    const engine = new FakeEngine();
    engine.containers.start = async () => {
      throw new HawserError('command-not-found', 'start web: no such command: x');
    };
    const { code } = await hawser(['run', '--rm', 'busybox', 'x'], { engine });
    expect(code).toBe(127);
    expect(engine.calls.at(-1)?.slice(0, 2)).toEqual(['remove', 'web']);
    engine.calls.length = 0;
    await hawser(['run', 'busybox', 'x'], { engine });
    expect(engine.calls.map(([name]) => name)).toEqual(['create']);
  });

  it('that is refused leaves no container behind, with or without --rm', async () => {
    const engine = new FakeEngine();
    engine.containers.start = async () => {
      throw new HawserError('taken', 'attach web to bridge: publish 80:80/tcp: it is taken');
    };
    for (const options of [[], ['-d'], ['--rm']]) {
      const { code } = await hawser(['run', ...options, 'busybox', 'x'], { engine });
      expect(code).toBe(125);
      expect(engine.calls.at(-1)?.slice(0, 2)).toEqual(['remove', 'web']);
    }
  });
});

describe('other ways to a process', () => {
  it('run -d prints the id and attaches nothing', async () => {
    const { code, stdout, engine } = await hawser(['run', '-d', '-it', 'busybox', 'sh']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${webId}\n` });
    expect(engine.calls[1]).toEqual(['start', 'web', undefined]);
  });

  it('exec asks for what was said, and exits as the command does', async () => {
    const argv = [
      'exec',
      '-i',
      '-e',
      'A=1',
      '-e',
      'HOME',
      '-u',
      'www',
      '-w',
      '/srv',
      'web',
      'sh',
      '-c',
      'exit 7',
    ];
    const engine = new FakeEngine();
    engine.session.end(7);
    const { code } = await hawser(argv, { engine, env: { HOME: '/root' } });
    expect(code).toBe(7);
    expect(engine.calls).toEqual([
      [
        'exec',
        'web',
        {
          command: ['sh', '-c', 'exit 7'],
          tty: false,
          stdin: true,
          env: ['A=1', 'HOME=/root'],
          user: 'www',
          workingDir: '/srv',
        },
      ],
    ]);
    expect(engine.session.isDone).toBe(false);
  });

  it('exec -d leaves at once', async () => {
    const { code, engine } = await hawser(['exec', '-d', 'web', 'sleep', '9']);
    expect(code).toBe(0);
    expect(engine.calls[0]?.[2]).toMatchObject({ detach: true });
    expect(engine.session.isClosed).toBe(true);
  });

  it('attach follows what runs without settling its end', async () => {
    const engine = new FakeEngine();
    engine.session.stdout.write('late\n');
    engine.session.end(5);
    expect(await hawser(['attach', 'web'], { engine })).toMatchObject({
      code: 5,
      stdout: 'late\n',
    });
    expect(engine.calls).toEqual([['attach', 'web']]);
    expect(engine.session.isDone).toBe(false);
  });

  it('start -a stays with one container only', async () => {
    const { session, outcome } = await begin(['start', '-a', 'web']);
    session.end(4);
    expect((await outcome).code).toBe(4);
    expect(await hawser(['start', '-a', 'web', 'web'])).toMatchObject({ code: 125 });
    const { code, stdout } = await hawser(['start', 'web', 'web']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'web\nweb\n' });
  });
});

describe('detach keys', () => {
  it('are letters with or without ctrl, or none', () => {
    expect(parseDetachKeys('ctrl-p,ctrl-q')).toEqual([16, 17]);
    expect(parseDetachKeys('a,ctrl-@,ctrl-]')).toEqual([97, 0, 29]);
    expect(parseDetachKeys('')).toEqual([]);
    expect(() => parseDetachKeys('ctrl-1')).toThrow('"ctrl-1" is no key');
  });
});
