import type { Container } from '../engine/container.ts';
import type { PublishedPort } from '../net/model.ts';
import { ago, duration } from './human.ts';

/** A container's state in Docker's words: `Up 3 minutes`, `Exited (137) 2 seconds ago`. */
export function status({ state }: Pick<Container, 'state'>, now = Date.now()): string {
  switch (state.status) {
    case 'created':
      return state.error === undefined ? 'Created' : 'Created (could not be started)';
    case 'running':
      return state.started === undefined ? 'Up' : `Up ${duration(now - Date.parse(state.started))}`;
    case 'exited': {
      const when = state.finished === undefined ? '' : ` ${ago(state.finished, now)}`;
      return `Exited (${state.exitCode ?? '?'})${when}${state.oomKilled ? ' (out of memory)' : ''}`;
    }
  }
}

/** Published ports, and those that are only exposed: `0.0.0.0:8080->80/tcp, 443/tcp`. */
export function portsOf({ endpoints, network }: Container): string {
  const published = endpoints.flatMap(({ ports }) => ports);
  const exposed = endpoints.length === 0 ? [] : (network.exposed ?? []);
  const alone = exposed.filter((text) => !published.some((port) => leadsTo(port, text)));
  return [...published.map(publishedPort), ...alone].join(', ');
}

function leadsTo({ containerPort, count, protocol }: PublishedPort, exposed: string): boolean {
  const [number, name] = exposed.split('/');
  const offset = Number(number) - containerPort;
  return name === protocol && offset >= 0 && offset < count;
}

/** `0.0.0.0:8080->80/tcp`, a range in one. */
function publishedPort(port: PublishedPort): string {
  const { hostIp, hostPort, containerPort, count, protocol } = port;
  return `${bracketed(hostIp)}:${portRange(hostPort, count)}->${portRange(containerPort, count)}/${protocol}`;
}

/** An IPv6 address in brackets, as before a colon and a port (RFC 3986). */
export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

export function portRange(first: number, count: number): string {
  return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
}

/**
 * Where a container is moored: `blue 10.5.0.9, green 10.6.0.2`; names of networks it will be on while
 * it is not running; `host`, `none`, or whose network it shares. `name` tells a network's or a
 * container's name by its id.
 */
export function moorings(container: Container, name: (id: string) => string): string {
  const { mode, attachments } = container.network;
  switch (mode.kind) {
    case 'host':
      return 'host';
    case 'container':
      return `container:${name(mode.container)}`;
    case 'namespace':
      return `ns:${mode.path}`;
    case 'own':
      break;
  }
  if (container.endpoints.length > 0) {
    const each = container.endpoints.map(({ network, addresses }) =>
      [name(network), ...addresses.map(({ address }) => address)].join(' '),
    );
    return each.join(', ');
  }
  return attachments.map(({ network }) => name(network)).join(', ') || 'none';
}
