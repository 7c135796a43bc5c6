/** The text of /etc/hosts and /etc/resolv.conf in a container, as Docker writes them. */
import { isIP, isIPv4 } from 'node:net';
import { HawserError } from '../errors.ts';
import { isName } from './dns/names.ts';
import { shown } from './names.ts';

export interface HostsFile {
  /** The host's own file, for a container in the host's sandbox; it comes first. */
  host?: string;
  hostname: string;
  /** The container's addresses; each gets a line with the host name. */
  addresses: string[];
  /** `NAME:ADDRESS`, or `NAME=ADDRESS`, as `--add-host` takes them. */
  extraHosts?: string[];
}

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** hosts(5) for a container. A host name with a domain is followed by its first label. */
export function hostsFile({ host, hostname, addresses, extraHosts = [] }: HostsFile): string {
  const base = host === undefined ? LOOPBACK : lines(host);
  const label = hostname.split('.')[0] ?? hostname;
  const names = label === hostname ? hostname : `${hostname} ${label}`;
  return [
    ...base,
    ...extraHosts.map(parseExtraHost).map(({ name, address }) => `${address}\t${name}`),
    ...addresses.map((address) => `${address}\t${names}`),
    '',
  ].join('\n');
}

/**
 * Reads one `--add-host`: NAME:ADDRESS, the address IPv4 or IPv6, the latter also in brackets.
 *
 * @throws HawserError 'invalid'
 */
export function parseExtraHost(text: string): { name: string; address: string } {
  const [, name = '', written = ''] = /^([^:=]*)[:=](.*)$/.exec(text) ?? [];
  const address = written.replace(/^\[(.*)\]$/, '$1');
  if (!/^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,252})$/.test(name) || isIP(address) === 0) {
    throw new HawserError(
      'invalid',
      `add host ${JSON.stringify(text)}: it has the form NAME:ADDRESS`,
    );
  }
  return { name, address };
}

export interface ResolvConfFile extends ResolvConfWishes {
  /** The host's /etc/resolv.conf. */
  host: string;
  /** Whether 127.0.0.53 and the like mean the same server in there as on the host. */
  sharesHost?: boolean;
  /** Who is asked in place of all servers: the responder of the container's network. */
  responder?: string | undefined;
}

/** What is asked for in place of the host's. */
export interface ResolvConfWishes {
  /** In place of the host's servers. */
  dns?: string[];
  /** In place of the host's search domains; `.` means none. */
  search?: string[];
  /** In place of the host's options. */
  options?: string[];
}

/** When the host has no server that a container could reach: Docker's own choice. */
const FALLBACK = ['8.8.8.8', '8.8.4.4'];

/**
 * resolv.conf(5) for a container: the host's, less the servers on the host's loopback, which are
 * not there in another network namespace.
 *
 * @throws HawserError 'invalid' as checkResolvConf
 */
export function resolvConfFile({ host, sharesHost = false, ...given }: ResolvConfFile): string {
  checkResolvConf(given);
  const inherited = parseResolvConf(host);
  const reachable = inherited.servers.filter((server) => sharesHost || !isLoopback(server));
  const usual = either(given.dns, reachable.length > 0 || sharesHost ? reachable : FALLBACK);
  const servers = given.responder === undefined ? usual : [given.responder];
  const search = either(given.search, inherited.search).filter((domain) => domain !== '.');
  const options = optionsOf(either(given.options, inherited.options), given.responder);
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

/**
 * Refuses what would be something else as a line of resolv.conf: a line break in an option would be
 * one more server.
 *
 * @throws HawserError 'invalid'
 */
export function checkResolvConf({ dns = [], search = [], options = [] }: ResolvConfWishes): void {
  const refuse = (what: string, text: string, why: string) => {
    throw new HawserError('invalid', `${what} ${shown(text)} ${why}`);
  };
  for (const server of dns)
    if (isIP(server) === 0) refuse('DNS server', server, 'is not an address');
  for (const domain of search) {
    if (domain !== '.' && !isName(domain.toLowerCase().replace(/\.$/, ''))) {
      refuse(
        'search domain',
        domain,
        'is no name: labels of letters, digits, _ and -, dots between',
      );
    }
  }
  for (const option of options) {
    if (!/^[!-~]+$/.test(option)) refuse('option', option, 'of resolv.conf is not one word');
  }
}

/**
 * As docker: a container's name is asked for as it stands before any search domain is tried, which
 * others would be bothered with.
 */
function optionsOf(options: string[], responder: string | undefined): string[] {
  const isTold = options.some((option) => option.startsWith('ndots:'));
  return responder === undefined || isTold ? options : [...options, 'ndots:0'];
}

/** The last `search` or `domain` line counts, all `options` lines add up (resolv.conf(5)). */
export function parseResolvConf(text: string) {
  const parsed: { servers: string[]; search: string[]; options: string[] } = {
    servers: [],
    search: [],
    options: [],
  };
  for (const line of lines(text)) {
    const [keyword, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') parsed.servers.push(...values.slice(0, 1));
    if (keyword === 'search' || keyword === 'domain') parsed.search = values;
    if (keyword === 'options') parsed.options.push(...values);
  }
  return parsed;
}

function isLoopback(server: string): boolean {
  return isIPv4(server) ? server.startsWith('127.') : server === '::1';
}

function either(given: string[] | undefined, inherited: string[]): string[] {
  return given !== undefined && given.length > 0 ? given : inherited;
}

function lines(text: string): string[] {
  const trimmed = text.replace(/\n+$/, '');
  return trimmed === '' ? [] : trimmed.split('\n');
}
