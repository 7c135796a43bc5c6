import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { execProcess, type Session } from '../../runtime/process.ts';
import { openLayers } from '../../runtime/rootfs.ts';
import { resolveCapabilities } from '../../runtime/security/capabilities.ts';
import type { ExecSpec, Exit } from '../../runtime/spec.ts';
import { resolveUser } from '../../runtime/user.ts';
import type { ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import type { ExecRequest } from '../engine.ts';
import { containerNews } from '../events/news.ts';
import { isAlive } from '../liveness.ts';
import { plain } from '../names.ts';
import { removeTree } from '../remove-tree.ts';
import { mergeEnv } from './create.ts';
import { cgroupOf, layersOf } from './spec.ts';

/** Starts one more process in a running container: in all its namespaces and its cgroup. */
export async function execInContainer(
  context: Context,
  ref: string,
  request: ExecRequest,
): Promise<Session> {
  const attempt = `execute in ${plain(ref)}`;
  const record = context.records.find(ref, attempt);
  if (!isAlive(record, context.paths) || record.state.pid === undefined) {
    throw new HawserError('state', `${attempt}: it is not running`);
  }
  if (request.command.length === 0 || request.command[0] === '') {
    throw new HawserError('invalid', `${attempt}: no command is given`);
  }

  const execID = randomBytes(4).toString('hex');
  const { directory, ...paths } = context.paths.container(record.id).exec(execID);
  const told = { execID, command: request.command.join(' ') };
  const attached = !request.detach;
  const stdin = attached && (request.stdin ?? false);
  mkdirSync(directory, { mode: 0o700 });
  try {
    const { session } = await execProcess(
      {
        ...processOf(context, record, request),
        pid: record.state.pid,
        ...(record.state.pidStart !== undefined && { start: String(record.state.pidStart) }),
        cgroup: cgroupOf(context, record.id),
        paths: { ...paths, log: undefined, onExit: ['/bin/rm', '-rf', directory] },
      },
      {
        attempt,
        seccompCache: context.paths.seccompCache,
        cgroups: context.cgroups(),
        session: { stdin, output: attached, foreground: attached },
      },
    );
    if (request.size && request.tty) session.resize(request.size.rows, request.size.columns);
    context.events.add(containerNews(record, 'exec_create', told));
    await session.start();
    context.events.add(containerNews(record, 'exec_start', told));
    // Of one that nobody attends, nobody hears the end.
    if (attached)
      session.exit.then(
        (exit) => tellEnd(context, record, told, exit),
        () => {},
      );
    return session;
  } catch (error) {
    removeTree(directory);
    throw error;
  }
}

function tellEnd(
  { events, note }: Context,
  record: ContainerRecord,
  told: Record<string, string>,
  { code }: Exit,
): void {
  try {
    events.add(containerNews(record, 'exec_die', { ...told, exitCode: `${code}` }));
  } catch (error) {
    note(`the end of a command in ${record.name} was not written down: ${String(error)}`);
  }
}

function processOf(
  context: Context,
  record: ContainerRecord,
  request: ExecRequest,
): Omit<ExecSpec, 'pid' | 'cgroup' | 'paths'> {
  const { process } = record;
  const privileged = request.privileged ?? record.privileged;
  const user = resolveUser(request.user ?? process.user, openLayers(layersOf(context, record)));
  const tty = request.tty ?? false;
  return {
    args: request.command,
    env: mergeEnv(
      [`HOSTNAME=${record.hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home}`],
      process.env,
      request.env ?? [],
    ),
    cwd: request.workingDir ?? process.workingDir,
    user,
    tty,
    stdin: request.stdin ?? false,
    security: {
      privileged,
      capabilities: resolveCapabilities({ add: record.capAdd, drop: record.capDrop, privileged }),
      seccomp: privileged ? 'unconfined' : record.seccomp,
      noNewPrivileges: record.noNewPrivileges,
    },
  };
}
