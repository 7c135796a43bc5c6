import type { Command } from 'commander';
import { HawserError } from '../../errors.ts';
import type { PublishedPort } from '../../net/model.ts';
import { type Door, print } from '../door.ts';
import { examples } from '../examples.ts';
import { invalid } from '../parse/invalid.ts';
import { bracketed, portRange } from '../status.ts';

export function define(command: Command): void {
  command
    .argument('<container>', 'a name, an id or its beginning')
    .argument('[port]', "one of the container's ports: 80, 53/udp")
    .addHelpText(
      'after',
      examples(
        ['hawser port web', '80/tcp -> 0.0.0.0:8080'],
        ['hawser port web 80', '0.0.0.0:8080'],
      ),
    );
}

export async function run(door: Door, [ref = '', port]: string[]): Promise<number> {
  const wanted = port === undefined ? undefined : parseContainerPort(port);
  const container = (await door.engine()).containers.inspect(ref);
  const published = container.endpoints.flatMap(({ ports }) => ports);
  if (wanted === undefined) {
    for (const each of published) print(door, mapping(each));
    return 0;
  }
  const leading = published.filter(
    ({ protocol, containerPort, count }) =>
      protocol === wanted.protocol &&
      wanted.port >= containerPort &&
      wanted.port < containerPort + count,
  );
  if (leading.length === 0) {
    throw new HawserError('not-found', `port ${port} of ${container.name} is not published`);
  }
  for (const { hostIp, hostPort, containerPort } of leading) {
    print(door, `${bracketed(hostIp)}:${hostPort + wanted.port - containerPort}`);
  }
  return 0;
}

/** A range is one line, however long it is. */
function mapping({ protocol, hostIp, hostPort, containerPort, count }: PublishedPort): string {
  return `${portRange(containerPort, count)}/${protocol} -> ${bracketed(hostIp)}:${portRange(hostPort, count)}`;
}

function parseContainerPort(text: string): { port: number; protocol: string } {
  const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? [];
  if (digits === '')
    throw invalid('port', text, 'neither a port nor a port and a protocol', '53/udp');
  return { port: Number(digits), protocol };
}
