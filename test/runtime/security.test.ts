import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPABILITIES, grantableCapabilities } from '../../runtime/security/capabilities.ts';
import { Box } from './box.ts';

let box: Box;
beforeAll(() => {
  box = new Box();
});
afterAll(() => box.dispose());

/** Fields of /proc/self/status as the container's process sees them. */
async function status(given: Parameters<Box['sh']>[1] = {}): Promise<Record<string, string>> {
  const { stdout } = await box.run(box.spec(['cat', '/proc/self/status'], given));
  return Object.fromEntries(stdout.split('\n').map((line) => line.split(/:\s+/)));
}
const lines = (text: string): string[] => text.trim().split('\n');

describe('by default a container', () => {
  it('has the capabilities of Docker and a system call filter', async () => {
    expect(await status()).toMatchObject({
      CapInh: '0000000000000000',
      CapPrm: '00000000a80425fb',
      CapEff: '00000000a80425fb',
      CapBnd: '00000000a80425fb',
      CapAmb: '0000000000000000',
      NoNewPrivs: '0',
      Seccomp: '2',
    });
  });

  it('as another user has capabilities only in its bounding set', async () => {
    expect(await status({ user: { uid: 33, gid: 34, groups: [7, 9] } })).toMatchObject({
      Uid: '33\t33\t33\t33',
      Gid: '34\t34\t34\t34',
      Groups: '7 9 ',
      CapPrm: '0000000000000000',
      CapEff: '0000000000000000',
      CapBnd: '00000000a80425fb',
    });
  });

  it('cannot mount, unshare, change the host name or load modules', async () => {
    const { stdout } = await box.sh(`
      mount -t tmpfs none /mnt 2>&1
      unshare -m true 2>&1
      unshare -U true 2>&1
      hostname other 2>&1
      dmesg 2>&1`);
    expect(lines(stdout)).toEqual([
      expect.stringContaining('mount: '),
      expect.stringMatching(/^unshare: .*Operation not permitted$/),
      expect.stringMatching(/^unshare: .*Operation not permitted$/),
      expect.stringMatching(/^hostname: .*Operation not permitted$/),
      expect.stringMatching(/^dmesg: .*Operation not permitted$/),
    ]);
  });

  it('sees nothing in what is masked', async () => {
    const { stdout } = await box.sh(`
      for file in kcore keys interrupts timer_list latency_stats sched_debug; do
        [ -e /proc/$file ] && wc -c < /proc/$file
      done
      for directory in /proc/acpi /proc/scsi /proc/asound /sys/firmware; do
        [ -e $directory ] && ls -A $directory | wc -l
      done`);
    expect(lines(stdout).length).toBeGreaterThan(3);
    for (const count of lines(stdout)) expect(count).toBe('0');
  });

  it('cannot change what hides them, which is not the host’s', async () => {
    const { stdout } = await box.sh(`
      for file in kcore keys interrupts timer_list; do
        [ -e /proc/$file ] && chmod 666 /proc/$file 2>&1
      done
      stat -c %D /dev/null /proc/keys`);
    const [own, mask, ...refusals] = lines(stdout).reverse();
    expect(mask).toBe(own);
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toContain('Read-only file system');
  });

  it('cannot write to /proc/sys, /sys or its cgroups', async () => {
    const { stdout } = await box.sh(`
      echo 1 2>&1 > /proc/sys/kernel/panic
      mkdir /sys/kernel/mm/x 2>&1
      cd /sys/fs/cgroup; for group in . $(ls -d memory pids 2>/dev/null); do mkdir $group/x 2>&1; done`);
    expect(lines(stdout).length).toBeGreaterThan(2);
    for (const line of lines(stdout)) expect(line).toContain('Read-only file system');
  });

  it('has only its own devices', async () => {
    const { stdout } = await box.sh(`
      cd /dev; find . -type c -o -type b | grep -v pts/ | sort
      ls -l null | cut -c1-10; readlink fd; readlink ptmx; ls -d shm mqueue`);
    expect(lines(stdout)).toEqual([
      ...['./full', './null', './random', './tty', './urandom', './zero'],
      ...['crw-rw-rw-', '/proc/self/fd', 'pts/ptmx', 'mqueue', 'shm'],
    ]);
  });

  it('may make device files and cannot open them', async () => {
    const { stdout } = await box.sh(`
      mknod /disk b 7 0 && mknod /mem c 1 1
      head -c1 /disk 2>&1; head -c1 /mem 2>&1
      echo x 2>&1 > /disk; mknod /null c 1 3 && echo x > /null && echo open`);
    expect(lines(stdout)).toEqual([
      'head: /disk: Operation not permitted',
      'head: /mem: Operation not permitted',
      "sh: can't create /disk: Operation not permitted",
      'open',
    ]);
  });

  it('holds no descriptor but its three streams, whatever its maker had open', async () => {
    const leak = openSync('/etc', 'r');
    try {
      const { stdout } = await box.run(box.spec(['ls', '-l', '/proc/self/fd']));
      const open = [...stdout.matchAll(/(\d+ -> [a-z/]+)/g)].map(([text]) => text);
      expect(open).toEqual(['0 -> /dev/null', '1 -> pipe', '2 -> pipe']);
    } finally {
      closeSync(leak);
    }
  });

  it('sees only its own processes, mounts and network', async () => {
    const { stdout } = await box.sh(`
      ls /proc | grep -c '^[0-9]'
      grep -c ' /tmp' /proc/self/mountinfo
      ls /sys/class/net`);
    const [processes, mounts, ...links] = lines(stdout);
    expect(Number(processes)).toBeLessThanOrEqual(4);
    expect(mounts).toBe('0');
    expect(links).toEqual(['lo']);
  });
});

describe('on request a container', () => {
  it('gains no privileges', async () => {
    expect(await status({ security: { noNewPrivileges: true } })).toMatchObject({
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  it('has the capabilities it is given, and what they open up', async () => {
    const capabilities = ['SYS_ADMIN', 'CHOWN'];
    expect(await status({ security: { capabilities } })).toMatchObject({
      CapBnd: '0000000000200001',
      CapEff: '0000000000200001',
    });
    const { stdout } = await box.sh(
      'mount -t tmpfs none /mnt && echo mounted; unshare -m true && echo unshared',
      {
        security: { capabilities },
      },
    );
    expect(lines(stdout)).toEqual(['mounted', 'unshared']);
  });

  it('has no filter', async () => {
    expect(await status({ security: { seccomp: 'unconfined' } })).toMatchObject({ Seccomp: '0' });
  });

  it('has a root that it cannot write to, but what is mounted in it', async () => {
    const given = box.spec([]).rootfs;
    const { stdout } = await box.sh(
      'touch /file 2>&1; echo x > /run/file && cat /run/file; echo y > /dev/null && echo z > /dev/shm/z && cat /dev/shm/z',
      {
        rootfs: { ...given, readonly: true },
        mounts: [{ kind: 'tmpfs', target: '/run', options: 'size=1m' }],
      },
    );
    expect(lines(stdout)).toEqual(['touch: /file: Read-only file system', 'x', 'z']);
  });

  it('is privileged: all capabilities, all devices, nothing masked', async () => {
    const security = { privileged: true, capabilities: [...CAPABILITIES] };
    const fields = await status({ security });
    const mask = grantableCapabilities().reduce(
      (all, name) => all | (1n << BigInt(CAPABILITIES.indexOf(name))),
      0n,
    );
    expect(BigInt(`0x${fields.CapEff}`)).toBe(mask);
    expect(fields.Seccomp).toBe('0');

    const { stdout } = await box.sh(
      `mount -t tmpfs none /mnt && echo mounted
       mkdir /sys/fs/cgroup/memory/inner 2>/dev/null || mkdir /sys/fs/cgroup/inner && echo made
       head -c1 /dev/loop0 && echo opened; [ -e /dev/kmsg ] && echo there
       echo 0 > /proc/sys/net/ipv4/ip_forward && echo written`,
      { security },
    );
    expect(lines(stdout)).toEqual(['mounted', 'made', 'opened', 'there', 'written']);
  });
});
