import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Box } from './box.ts';

let box: Box;
beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());

describe('a container with a terminal', () => {
  it('has one of its own on all three streams, as its controlling terminal', async () => {
    const { stdout, stderr } = await box.sh(
      'tty; for fd in 0 1 2; do readlink /proc/self/fd/$fd; done; ls -l /dev/console | cut -c1; echo x > /dev/tty; ps -o pid,tty | tail -n +2 | head -1',
      { tty: true },
    );
    expect(stderr).toBe('');
    expect(stdout.trim().split('\r\n')).toEqual([
      '/dev/pts/0',
      '/dev/pts/0',
      '/dev/pts/0',
      '/dev/pts/0',
      'c',
      'x',
      expect.stringMatching(/^\s*1 136,0/),
    ]);
  });

  it('echoes what is typed, takes its interrupts, and learns of a new size', async () => {
    const spec = box.spec(
      [
        'sh',
        '-c',
        'trap "stty size" WINCH; trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done',
      ],
      { tty: true, stdin: true },
    );
    const { session } = await box.start(spec);
    let screen = '';
    session.stdout.on('data', (chunk) => {
      screen += chunk;
    });
    session.stderr.resume();
    await session.start();
    await expect.poll(() => screen).toContain('ready');
    session.stdin.write('typed');
    await expect.poll(() => screen).toContain('typed');
    session.resize(33, 111);
    await expect.poll(() => screen).toContain('33 111');
    session.stdin.write('\x03');
    expect(await session.exit).toMatchObject({ code: 3 });
    expect(screen).toContain('interrupted');
    session.close();
    box.cgroups.remove(spec.cgroup);
  });
});
