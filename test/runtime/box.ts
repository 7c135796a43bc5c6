import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import type { Cgroups } from '../../runtime/cgroup/cgroup.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { execProcess, type Supervised, startProcess } from '../../runtime/process.ts';
import { DEFAULT_CAPABILITIES } from '../../runtime/security/capabilities.ts';
import type { ContainerSpec, ExecSpec, Exit, ProcessPaths, Security } from '../../runtime/spec.ts';
import { makeBusyboxTar } from '../support/busybox.ts';

/** What became of a container that ran to its end. */
export interface Outcome {
  exit: Exit;
  stdout: string;
  stderr: string;
  notes: string[];
}

/**
 * A place to run containers of the machine's busybox in, with a cgroup and a network namespace of
 * their own. `dispose` removes all of it; a container that is left in there is killed.
 */
export class Box {
  readonly directory = mkdtempSync(join(tmpdir(), 'hawser-box-'));
  readonly layer = join(this.directory, 'layer');
  readonly cgroups: Cgroups = openCgroups();
  readonly cgroupParent = `hawser-test-${process.pid}`;
  readonly #netns = join(this.directory, 'netns');
  readonly #seccompCache = join(this.directory, 'seccomp');

  constructor() {
    mkdirSync(this.layer);
    execFileSync('tar', ['-xf', makeBusyboxTar(this.directory), '-C', this.layer]);
    pinNetns(this.#netns);
  }

  /** A container with Docker's defaults, but for what is given. */
  spec(
    args: string[],
    given: Partial<Omit<ContainerSpec, 'security'>> & { security?: Partial<Security> } = {},
  ): ContainerSpec {
    const id = randomBytes(32).toString('hex');
    const home = join(this.directory, id.slice(0, 12));
    const [upper, work, mountpoint] = ['upper', 'work', 'rootfs'].map((name) => join(home, name));
    for (const path of [upper, work, mountpoint]) mkdirSync(String(path), { recursive: true });
    return {
      id,
      hostname: id.slice(0, 12),
      args,
      env: ['PATH=/bin', 'HOME=/root'],
      cwd: '/',
      user: { uid: 0, gid: 0, groups: [] },
      tty: false,
      stdin: false,
      ports: [],
      rootfs: {
        layers: [this.layer],
        upper: String(upper),
        work: String(work),
        mountpoint: String(mountpoint),
        readonly: false,
      },
      mounts: [],
      netns: this.#netns,
      sysctls: {},
      limits: {},
      cgroup: `${this.cgroupParent}/${id}`,
      paths: this.#paths(home),
      ...given,
      security: {
        privileged: false,
        capabilities: [...DEFAULT_CAPABILITIES],
        seccomp: 'default',
        noNewPrivileges: false,
        ...given.security,
      },
    };
  }

  /** A process to run beside a container's first one, with what that one has. */
  execSpec(
    container: ContainerSpec,
    pid: number,
    args: string[],
    given: Partial<ExecSpec> = {},
  ): ExecSpec {
    const { env, cwd, user, security, cgroup } = container;
    const home = mkdtempSync(join(this.directory, 'exec-'));
    const paths = { ...this.#paths(home), log: undefined };
    return {
      pid,
      args,
      env,
      cwd,
      user,
      security,
      cgroup,
      paths,
      tty: false,
      stdin: false,
      ...given,
    };
  }

  start(spec: ContainerSpec): Promise<Supervised> {
    return startProcess(spec, {
      attempt: 'start a box',
      seccompCache: this.#seccompCache,
      session: { output: true, stdin: spec.stdin, foreground: true },
    });
  }

  exec(spec: ExecSpec): Promise<Supervised> {
    return execProcess(spec, {
      attempt: 'start a box',
      seccompCache: this.#seccompCache,
      session: { output: true, stdin: spec.stdin, foreground: true },
    });
  }

  /** Runs a container to its end, and cleans up after it. */
  async run(spec: ContainerSpec): Promise<Outcome> {
    const supervised = await this.start(spec);
    try {
      return await this.finish(supervised);
    } finally {
      this.cgroups.remove(spec.cgroup);
    }
  }

  /** Runs a shell script in a container of its own. */
  sh(script: string, given: Parameters<Box['spec']>[1] = {}): Promise<Outcome> {
    return this.run(this.spec(['sh', '-c', script], given));
  }

  /** Lets a process that is ready run to its end. */
  async finish({ session, notes }: Supervised): Promise<Outcome> {
    session.own();
    const output = Promise.all([text(session.stdout), text(session.stderr)]);
    await session.start();
    const [exit, [stdout, stderr]] = [await session.exit, await output];
    session.done();
    session.close();
    return { exit, stdout, stderr, notes };
  }

  dispose(): void {
    this.cgroups.remove(this.cgroupParent);
    unpinNetns(this.#netns);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #paths(home: string): ProcessPaths {
    return {
      socket: join(home, 'socket'),
      exit: join(home, 'exit'),
      pid: join(home, 'pid'),
      log: join(home, 'log'),
      onExit: [],
    };
  }
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
