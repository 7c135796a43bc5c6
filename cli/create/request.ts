import type { CreateRequest } from '../../engine/container.ts';
import { parseAddress } from '../parse/address.ts';
import { parseNetworks, parseSettings, shaped } from '../parse/attachment.ts';
import { parseHost } from '../parse/host.ts';
import { parseMount, parseTmpfs, parseVolume } from '../parse/mount.ts';
import { parseEnv, parsePairs, readPairs } from '../parse/pairs.ts';
import { parseShaping } from '../parse/rate.ts';
import { parseSecurity } from '../parse/security.ts';
import { parseLimits } from './limits.ts';
import type { ContainerOptions } from './options.ts';

/** The request that a command line of `run` or `create` makes; every malformed option is refused. */
export function createRequest(
  [image = '', ...command]: string[],
  options: ContainerOptions,
  { cwd, env }: { cwd: string; env: Record<string, string | undefined> },
): CreateRequest {
  const { ip, ip6, macAddress, entrypoint } = options;
  const one = (text: string | undefined) => (text === undefined ? [] : [text]);
  const variables = options.envFile.flatMap((path) => readPairs('--env-file', path, cwd));
  const labels = options.labelFile.flatMap((path) => readPairs('--label-file', path, cwd));
  const request: CreateRequest = {
    image,
    command,
    env: parseEnv('-e', [...variables, ...options.env], env),
    labels: parsePairs('--label', [...labels, ...options.label], ''),
    mounts: [
      ...options.volume.map((text) => parseVolume(text, cwd)),
      ...options.mount.map((text) => parseMount(text, cwd)),
      ...options.tmpfs.map(parseTmpfs),
    ],
    networks: shaped(
      parseNetworks(
        [...options.network, ...options.net],
        parseSettings(
          {
            ip: one(ip),
            ip6: one(ip6),
            'mac-address': one(macAddress),
            alias: [...options.networkAlias, ...options.netAlias],
          },
          (field) => `--${field}`,
        ),
      ),
      parseShaping(options),
    ),
    ports: options.publish,
    expose: options.expose,
    dns: options.dns.map((address) => parseAddress('--dns', address)),
    dnsSearch: options.dnsSearch,
    dnsOptions: [...options.dnsOption, ...options.dnsOpt],
    extraHosts: options.addHost.map(parseHost),
    limits: parseLimits(options),
    capAdd: options.capAdd,
    capDrop: options.capDrop,
    sysctls: parsePairs('--sysctl', options.sysctl),
    ...parseSecurity(options.securityOpt),
  };
  // A field that was not asked for is left to the image, or to the engine.
  if (options.name !== undefined) request.name = options.name;
  if (entrypoint !== undefined) request.entrypoint = entrypoint === '' ? [] : [entrypoint];
  if (options.workdir !== undefined) request.workingDir = options.workdir;
  if (options.user !== undefined) request.user = options.user;
  if (options.hostname !== undefined) request.hostname = options.hostname;
  if (options.stopSignal !== undefined) request.stopSignal = options.stopSignal;
  if (options.publishAll) request.publishAll = true;
  if (options.tty) request.tty = true;
  if (options.interactive) request.stdin = true;
  if (options.readOnly) request.readonly = true;
  if (options.privileged) request.privileged = true;
  if (options.rm) request.autoRemove = true;
  return request;
}
