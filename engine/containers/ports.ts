/** Published ports, held by the container's monitor so that no other program gets them. */
import { holdPorts } from '../../native/hold-ports.ts';
import type { PortRun } from '../../native/plan.ts';
import { portSockets } from '../../net/ports/sockets.ts';
import type { ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';

/** What a container's monitor is to hold, given where it is attached now. */
export function portsToHold(context: Context, { id, name }: ContainerRecord): PortRun[] {
  const endpoints = context.networking.endpoints({ sandbox: id });
  const { held, left } = portSockets(endpoints.flatMap(({ ports }) => ports));
  for (const { protocol, first, count } of left) {
    context.note(
      `${name}: ${protocol} ports ${first}-${first + count - 1} are too many to be held: a program that listens on one of them will hear nothing`,
    );
  }
  return held;
}

/** A running container's ports have changed. */
export function holdPortsAnew(context: Context, record: ContainerRecord): void {
  holdPorts(context.paths.container(record.id).socket, portsToHold(context, record));
}
