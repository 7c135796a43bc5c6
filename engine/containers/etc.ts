import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { HawserError } from '../../errors.ts';
import { responderOf } from '../../net/dns/names.ts';
import { hostsFile, resolvConfFile } from '../../net/etc.ts';
import type { Endpoint } from '../../net/model.ts';
import type { Mount } from '../../runtime/spec.ts';
import type { ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';

/**
 * Writes the hosts, hostname and resolv.conf files of a container that has a sandbox of its own or
 * the host's. They are written in place, since a running container holds them by bind mounts.
 */
export function writeEtcFiles(
  context: Context,
  record: ContainerRecord,
  endpoints: Endpoint[],
): void {
  const { network, hostname } = record;
  const files = context.paths.container(record.id);
  const isHost = network.mode.kind === 'host' || network.mode.kind === 'namespace';
  const write = (path: string, text: string) => {
    writeFileSync(path, text, { mode: 0o644 });
    chmodSync(path, 0o644); // whatever the caller's umask is
  };

  write(files.hostname, `${hostname}\n`);
  write(
    files.hosts,
    hostsFile({
      ...(isHost && { host: readIfAny('/etc/hosts') }),
      hostname,
      addresses: endpoints.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
      extraHosts: network.extraHosts,
    }),
  );
  write(
    files.resolvConf,
    resolvConfFile({
      responder: responderOf(endpoints, context.networking.networks.list()),
      host: readIfAny('/etc/resolv.conf'),
      sharesHost: isHost,
      dns: network.dns,
      search: network.dnsSearch,
      options: network.dnsOptions ?? [],
    }),
  );
}

/** The mounts of those files: a joiner of another container sees that container's. */
export function etcMounts(context: Context, record: ContainerRecord): Mount[] {
  const { mode } = record.network;
  const owner = mode.kind === 'container' ? mode.container : record.id;
  const files = context.paths.container(owner);
  const mounted = new Set(record.mounts.map(({ target }) => target));
  const sources = {
    '/etc/hosts': files.hosts,
    '/etc/hostname': files.hostname,
    '/etc/resolv.conf': files.resolvConf,
  };
  return Object.entries(sources)
    .filter(([target]) => !mounted.has(target))
    .map(([target, source]) => ({ kind: 'bind', source, target, readonly: false }));
}

function readIfAny(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw new HawserError('kernel', `read ${path} for the container's own: ${String(cause)}`, {
      cause,
    });
  }
}
