/** Programs that listen where published ports lead elsewhere: they hear nothing, and are to be told. */
import { boundPorts } from '../../native/bound-ports.ts';
import { holder } from '../../native/sockets.ts';
import type { Endpoint, Protocol } from '../model.ts';

/** The monitors hold the ports of hawser's own containers. */
const MONITOR = 'hawser-monitor';

/** Notes each program of the host that listens on a port that was published before it came. */
export function noteShadowed(endpoints: readonly Endpoint[], note: (text: string) => void): void {
  const published = endpoints.flatMap(({ owner, ports }) =>
    ports.map((port) => ({ owner, ...port })),
  );
  for (const protocol of ['tcp', 'udp'] satisfies Protocol[]) {
    const own = published.filter((port) => port.protocol === protocol);
    if (own.length === 0) continue;
    const bound = boundPorts(protocol) ?? new Set();
    for (const { owner, hostIp, hostPort, count } of own) {
      for (const port of bound) {
        if (port < hostPort || port >= hostPort + count) continue;
        const program = holder(protocol, hostIp, port);
        if (program === undefined || program.command === MONITOR) continue;
        note(
          `${protocol} port ${port}, published by ${owner}, has ${program.command} (pid ${program.pid}) listening too, which hears nothing`,
        );
      }
    }
  }
}
