import { dirname, join } from 'node:path';
import { openLayers } from '../../runtime/rootfs.ts';
import { resolveCapabilities } from '../../runtime/security/capabilities.ts';
import type { ContainerSpec, Rootfs } from '../../runtime/spec.ts';
import { resolveUser } from '../../runtime/user.ts';
import type { ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import { packageRoot } from '../paths.ts';
import { mergeEnv } from './create.ts';
import { etcMounts } from './etc.ts';
import { portsToHold } from './ports.ts';

/** A record and this host's facts, made into what the runtime starts. */
export function containerSpec(
  context: Context,
  record: ContainerRecord,
  netns: string | undefined,
): ContainerSpec {
  const files = context.paths.container(record.id);
  const layers = layersOf(context, record);
  const user = resolveUser(record.process.user, openLayers(layers));
  const { args, env, workingDir, tty, stdin } = record.process;

  return {
    id: record.id,
    hostname: record.hostname,
    args,
    env: mergeEnv(
      [`HOSTNAME=${record.hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home}`],
      env,
    ),
    cwd: workingDir,
    user,
    tty,
    stdin,
    rootfs: {
      ...layers,
      work: files.work,
      mountpoint: files.mountpoint,
      readonly: record.readonly,
    },
    mounts: [...etcMounts(context, record), ...record.mounts],
    netns,
    sysctls: record.sysctls,
    security: {
      privileged: record.privileged,
      capabilities: resolveCapabilities({
        add: record.capAdd,
        drop: record.capDrop,
        privileged: record.privileged,
      }),
      seccomp: record.privileged ? 'unconfined' : record.seccomp,
      noNewPrivileges: record.noNewPrivileges,
    },
    limits: record.limits,
    cgroup: cgroupOf(context, record.id),
    ports: portsToHold(context, record),
    paths: {
      socket: files.socket,
      pid: files.pid,
      exit: files.exit,
      log: files.log,
      onExit: settleCommand(context, record.id),
    },
  };
}

/** The directories that a container's root filesystem is made of. */
export function layersOf(
  { images, paths }: Context,
  { id, image }: ContainerRecord,
): Pick<Rootfs, 'layers' | 'upper'> {
  return { upper: paths.container(id).upper, layers: images.layerPaths(images.get(image.id)) };
}

export function cgroupOf({ cgroupParent }: Context, id: string): string {
  return join(cgroupParent, id);
}

/** What a container's monitor runs after the end, when nobody else has promised to clean up. */
function settleCommand({ paths, cgroupParent }: Context, id: string): string[] {
  const cli = join(packageRoot(), 'bin', 'hawser');
  // env(1), as the monitor may have been started by a program with an environment of its own.
  const environment = [
    `PATH=${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
    `HAWSER_CGROUP_PARENT=${cgroupParent}`,
  ];
  return [
    '/usr/bin/env',
    ...environment,
    cli,
    '--root',
    paths.root,
    '--run',
    paths.run,
    'system',
    'settle',
    id,
  ];
}
