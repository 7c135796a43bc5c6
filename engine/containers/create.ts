import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { HawserError } from '../../errors.ts';
import type { ImageConfig } from '../../image/image.ts';
import { resolveCapabilities } from '../../runtime/security/capabilities.ts';
import type { ContainerRecord, CreateRequest, NetworkConfig, ProcessConfig } from '../container.ts';
import type { Context } from '../context.ts';
import { checkLimits } from '../limits.ts';
import { checkContainerName, checkHostname, inventName, newId } from '../names.ts';
import { ensurePrivate } from '../paths.ts';
import { removeTree } from '../remove-tree.ts';
import { checkMounts } from './mounts.ts';
import { configureNetwork } from './network-config.ts';
import { parseSignal } from './signal.ts';
import { checkSysctls } from './sysctls.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Checks everything a request says, then makes the container's record and its directories. */
export function createContainer(context: Context, request: CreateRequest): ContainerRecord {
  const { paths, records, store, step } = context;
  const record = resolveRequest(context, request);
  const { durable, upper, work, mountpoint } = paths.container(record.id);

  try {
    return store.transaction(() => {
      // Under the writer's lock image and networks cannot be removed, nor the name be taken, meanwhile.
      const attempt = `create container ${record.name}`;
      context.images.get(record.image.id, attempt);
      for (const { network } of record.network.attachments) {
        context.networking.networks.get(network, attempt);
      }
      records.put(record);
      ensurePrivate(durable);
      step('create:directory');
      for (const directory of [upper, work, mountpoint]) mkdirSync(directory, { mode: 0o755 });
      step('create:layers');
      return record;
    });
  } catch (error) {
    removeTree(durable);
    throw error;
  }
}

function resolveRequest(context: Context, request: CreateRequest): ContainerRecord {
  const { records } = context;
  if (request.name !== undefined) checkContainerName(request.name);
  const id = newId();
  const name = request.name ?? inventName((candidate) => records.named(candidate) !== undefined);
  const attempt = `create container ${name}`;
  const image = context.images.get(request.image, attempt);
  if (request.hostname !== undefined) checkHostname(request.hostname);

  const network = configureNetwork(context, request, image.config, attempt);
  const sysctls = request.sysctls ?? {};
  checkSysctls(sysctls, network.mode.kind, attempt);
  checkMounts(request.mounts ?? [], attempt);
  checkLimits(request.limits ?? {}, attempt);
  const capAdd = request.capAdd ?? [];
  const capDrop = request.capDrop ?? [];
  resolveCapabilities({ add: capAdd, drop: capDrop, privileged: request.privileged ?? false });
  const stopSignal = request.stopSignal ?? 'SIGTERM';
  parseSignal(stopSignal);

  return {
    id,
    name,
    created: new Date().toISOString(),
    image: { id: image.id, reference: request.image },
    process: resolveProcess(request, image.config, attempt),
    hostname: request.hostname ?? defaultHostname(context, network.mode, id),
    mounts: request.mounts ?? [],
    readonly: request.readonly ?? false,
    network,
    limits: request.limits ?? {},
    capAdd,
    capDrop,
    privileged: request.privileged ?? false,
    noNewPrivileges: request.noNewPrivileges ?? false,
    seccomp: request.seccomp ?? 'default',
    sysctls,
    labels: { ...image.config.labels, ...request.labels },
    stopSignal,
    autoRemove: request.autoRemove ?? false,
    state: { status: 'created' },
  };
}

/** Who joins a network goes by the name of whoever owns it. */
function defaultHostname(context: Context, mode: NetworkConfig['mode'], id: string): string {
  switch (mode.kind) {
    case 'own':
      return id.slice(0, 12);
    case 'container':
      return context.records.get(mode.container)?.hostname ?? id.slice(0, 12);
    case 'host':
    case 'namespace':
      return hostname();
  }
}

/** The process as Docker composes it: a given entrypoint also sets the image's command aside. */
function resolveProcess(
  request: CreateRequest,
  image: ImageConfig,
  attempt: string,
): ProcessConfig {
  const entrypoint = request.entrypoint ?? image.entrypoint ?? [];
  const command = request.command?.length
    ? request.command
    : request.entrypoint
      ? []
      : (image.cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0 || args[0] === '') {
    throw new HawserError(
      'invalid',
      `${attempt}: neither the image nor the command line says which command to run`,
      {
        hint: 'give one after the image: hawser run IMAGE COMMAND',
      },
    );
  }
  const zero = [...args, ...(request.env ?? [])].find((text) => text.includes('\0'));
  if (zero !== undefined) {
    throw new HawserError(
      'invalid',
      `${attempt}: ${JSON.stringify(zero)} holds a zero byte, which no argument or variable can`,
    );
  }

  const workingDir = request.workingDir ?? image.workingDir ?? '/';
  if (!workingDir.startsWith('/')) {
    throw new HawserError(
      'invalid',
      `${attempt}: the working directory ${JSON.stringify(workingDir)} is not an absolute path`,
    );
  }
  return {
    args,
    env: mergeEnv([`PATH=${DEFAULT_PATH}`], image.env ?? [], request.env ?? []),
    workingDir,
    user: request.user ?? image.user ?? '',
    tty: request.tty ?? false,
    stdin: request.stdin ?? false,
  };
}

/** Later lists win over earlier ones; a variable keeps the place of its first mention. */
export function mergeEnv(...lists: string[][]): string[] {
  const variables = new Map<string, string>();
  for (const entry of lists.flat()) {
    const name = entry.split('=', 1)[0] ?? '';
    if (name === '') {
      throw new HawserError(
        'invalid',
        `set ${JSON.stringify(entry)} in the environment: a variable is written NAME=value`,
      );
    }
    variables.set(name, entry);
  }
  return [...variables.values()];
}
