/** Ports that an image or a request exposes: what a container serves, whether it is published or not. */
import { HawserError } from '../../errors.ts';
import type { PortRequest } from '../../net/model.ts';
import { parsePort } from '../../net/ports/parse.ts';

/**
 * Reads `EXPOSE` and `--expose`: `80`, `53/udp`, `8000-8010`.
 *
 * @returns each port once, a request for a free port of the host
 * @throws HawserError 'invalid', also for text that names a port of the host
 */
export function exposedPorts(texts: readonly string[]): PortRequest[] {
  const each = texts.flatMap((text) => {
    const { protocol, hostIp, hostPort, containerPort, count } = parsePort(text);
    if (hostIp !== undefined || hostPort !== undefined) {
      throw new HawserError('invalid', `expose ${text}: it names a port of the host`, {
        hint: 'to publish it: -p',
      });
    }
    return Array.from({ length: count }, (_, i) => ({
      protocol,
      containerPort: containerPort + i,
      count: 1,
    }));
  });
  return [...new Map(each.map((port) => [exposedText(port), port])).values()];
}

/** As images write it: `80/tcp`. */
export function exposedText({ protocol, containerPort }: PortRequest): string {
  return `${containerPort}/${protocol}`;
}

/** Docker's -P: those that are not published by themselves, each on a free port. */
export function unpublished(
  exposed: readonly PortRequest[],
  published: readonly PortRequest[],
): PortRequest[] {
  return exposed.filter(
    ({ protocol, containerPort }) =>
      !published.some(
        (port) =>
          port.protocol === protocol &&
          containerPort >= port.containerPort &&
          containerPort < port.containerPort + port.count,
      ),
  );
}
