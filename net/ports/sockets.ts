/** The sockets that keep other programs off published ports (docs/decisions/held-ports.md). */
import type { PortRun } from '../../native/plan.ts';
import type { PublishedPort } from '../model.ts';
import { ANY_ADDRESS, ANY_ADDRESS6 } from './parse.ts';

/** More would cost more memory of the kernel than they are worth: some 3 KB each. */
const MOST = 1024;

export interface PortSockets {
  held: PortRun[];
  /** Those for which there would be too many. */
  left: PortRun[];
}

/** One socket a port; one for both families where a port stands on all addresses of both. */
export function portSockets(ports: readonly PublishedPort[]): PortSockets {
  const runs = ports
    .filter((port) => port.hostIp !== ANY_ADDRESS6 || !ports.some((one) => isTwin(port, one)))
    .map((port): PortRun => {
      const { protocol, hostIp, hostPort: first, count } = port;
      const both = hostIp === ANY_ADDRESS && ports.some((one) => isTwin(one, port));
      return { protocol, address: both ? '*' : hostIp, first, count };
    })
    .sort((a, b) => a.count - b.count);
  const held: PortRun[] = [];
  let room = MOST;
  for (const run of runs) {
    if (run.count > room) break;
    room -= run.count;
    held.push(run);
  }
  return { held, left: runs.slice(held.length) };
}

/** The same ports on every address of the other family. */
function isTwin(six: PublishedPort, four: PublishedPort): boolean {
  return (
    six.hostIp === ANY_ADDRESS6 &&
    four.hostIp === ANY_ADDRESS &&
    six.protocol === four.protocol &&
    six.hostPort === four.hostPort &&
    six.count === four.count
  );
}
