import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStage, type Stage } from './pty.ts';

let stage: Stage;
beforeAll(() => {
  stage = makeStage();
});
afterAll(() => stage?.dispose());

const shell = ['run', '-it', '--network', 'none'];

describe('on a terminal', () => {
  it('run -it is a shell: size, resize, ctrl-c, exit code', async () => {
    const terminal = stage.typed(...shell, '--rm', '--name', 'seen', 'busybox', 'sh');
    await terminal.shows('# ');
    expect(terminal.settings()).toMatch(/-opost.*-icanon.*-echo /s); // the shell in there echoes
    terminal.type('stty size; tty\r');
    expect(await terminal.shows('/dev/')).toMatch(/\n40 100\r\n\/dev\//);

    terminal.resize(50, 132);
    terminal.type('while [ "$(stty size)" != "50 132" ]; do :; done; echo big$((1+1))\r');
    await terminal.shows('big2');

    terminal.type('trap "echo caught it" INT; sleep 100\r');
    await new Promise((resolve) => setTimeout(resolve, 300));
    terminal.type('\x03');
    await terminal.shows('^Ccaught it');
    terminal.type('exit 7\r');
    expect(await terminal.exit).toBe(7);
    expect(stage.hawser('ps', '-aq', '-f', 'name=seen')).toBe('');
  });

  it('ctrl-p ctrl-q leaves it running, and attach comes back', async () => {
    const first = stage.typed(...shell, '--name', 'sat', 'busybox', 'sh');
    await first.shows('# ');
    first.type('x=kept\r');
    first.type('\x10\x11');
    expect(await first.exit).toBe(0);
    expect(stage.hawser('ps', '--format', 'json')).toContain('"name":"sat"');

    const second = stage.typed('attach', 'sat');
    second.type('echo it is $x\r');
    await second.shows('it is kept');
    second.type('exit 4\r');
    expect(await second.exit).toBe(4);
    expect(stage.hawser('ps', '-a')).toMatch(/Exited \(4\)/);
    expect(stage.hawser('rm', 'sat')).toBe('sat\n');
  });

  it('exec -it gives a second terminal', async () => {
    stage.hawser('run', '-d', '--name', 'other', '--network', 'none', 'busybox', 'sleep', '100');
    const terminal = stage.typed('exec', '-it', 'other', 'sh');
    await terminal.shows('# ');
    terminal.type('stty size; echo pid $$\r');
    expect(await terminal.shows(/pid \d+/)).toMatch(/\n40 100\r\n/);
    terminal.type('exit 3\r');
    expect(await terminal.exit).toBe(3);
    stage.hawser('rm', '-f', 'other');
  });

  it('is put back when the command is ended from outside, and the container goes on', async () => {
    const terminal = stage.typed(...shell, '--name', 'left', 'busybox', 'sh');
    await terminal.shows('# ');
    terminal.signal('SIGTERM');
    expect(await terminal.exit).toBe(143);
    expect(stage.hawser('ps')).toContain('left');
    stage.hawser('rm', '-f', 'left');
  });

  it('reset asks, and does nothing without a yes', async () => {
    const terminal = stage.typed('system', 'reset');
    await terminal.shows('Are you sure? [y/N] ');
    terminal.type('n\r');
    expect(await terminal.exit).toBe(125);
    expect(stage.hawser('image', 'ls', '-q')).not.toBe('');
  });
});

describe('without a terminal', () => {
  it('pipes through a container, binary and whole', () => {
    const line =
      'head -c 3000000 /dev/urandom > in; hawser run --rm -i --network none busybox cat < in > out; cmp in out && echo same';
    expect(stage.sh(`cd ${stage.host.dir}; ${line}`)).toBe('same\n');
  });

  it('waits for a slow reader', () => {
    const line =
      'hawser run --rm --network none busybox seq 1 200000 | (sleep 1; tail -n 1); echo $PIPESTATUS';
    expect(stage.sh(line)).toBe('200000\n0\n');
  });

  it('ends as by SIGPIPE when its reader has gone', () => {
    const line = 'hawser run --name yes --network none busybox yes | head -1; echo $PIPESTATUS';
    expect(stage.sh(line)).toBe('y\n141\n');
    stage.hawser('rm', '-f', 'yes');
  });

  it('passes a signal on and exits with what it leads to', () => {
    const line =
      'hawser run --rm --network none busybox sh -c \'trap "exit 42" TERM; echo up; while :; do sleep 0.1; done\' > log & ' +
      'for i in $(seq 200); do grep -q up log && break; sleep 0.1; done; kill -TERM $!; wait $!; echo $?';
    expect(stage.sh(`cd ${stage.host.dir}; ${line}`)).toBe('42\n');
  });

  it('exits with 127 and 126, and leaves nothing with --rm', () => {
    const rc = (command: string) =>
      stage.sh(`hawser run --rm --name gone --network none busybox ${command} 2>&1; echo $?`);
    expect(rc('nosuch')).toMatch(/^hawser: [^\n]*nosuch[^\n]*\n127\n$/);
    expect(rc('/etc')).toMatch(/^hawser: [^\n]*\/etc[^\n]*\n126\n$/);
    expect(stage.hawser('ps', '-aq', '-f', 'name=gone')).toBe('');
  });

  it('settles a foreground run whose monitor was killed', () => {
    const line =
      'hawser run --name lost --network none busybox sleep 100 2> err & ' +
      'for i in $(seq 200); do hawser ps -q | grep -q . && break; sleep 0.1; done; ' +
      "kill -9 $(grep -h PPid /proc/$(hawser inspect lost | grep -o '\"pid\": [0-9]*' | head -1 | cut -d' ' -f2)/status | cut -f2); " +
      'wait $!; echo $?; hawser ps -a --format json';
    const shown = stage.sh(`cd ${stage.host.dir}; ${line}; cat err`);
    expect(shown).toMatch(/^125\n/);
    expect(shown).toContain('"status":"exited"');
    expect(shown).toMatch(/hawser: the process has lost its monitor/);
    stage.hawser('rm', 'lost');
  });
});
