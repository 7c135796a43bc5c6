import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Box } from './box.ts';

let box: Box;
beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());

describe('a container', () => {
  it('runs its command as pid 1, with its own names for everything', async () => {
    const { exit, stdout } = await box.sh('echo $$; hostname; cat /proc/self/cgroup; pwd', {
      hostname: 'boat',
      cwd: '/srv/made',
    });
    const [pid, hostname, ...rest] = stdout.trim().split('\n');
    expect(exit).toMatchObject({ code: 0, oomKilled: false });
    expect(pid).toBe('1');
    expect(hostname).toBe('boat');
    expect(rest.pop()).toBe('/srv/made');
    expect(rest.length).toBeGreaterThan(0);
    for (const line of rest) expect(line).toMatch(/^\d+:[^:]*:\/$/);
  });
});
