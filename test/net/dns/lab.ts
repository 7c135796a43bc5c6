/** A host with a responder of its own, and name servers in the world outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../../net/dns/server.ts';
import { makeProgram } from '../../store/program.ts';
import type { Place } from '../../support/fakehost.ts';
import { type Lab, makeLab } from '../lab.ts';

/** Where the outside's name servers are; the host's resolv.conf names both. */
export const SERVERS = { first: '192.0.2.53', second: '192.0.2.54' };

export interface NameLab extends Lab {
  outside: Place;
  responder: ChildProcess;
  /** What a server was asked since this was last called: `udp www.example A`. */
  asked(server: keyof typeof SERVERS): string[];
}

export async function makeNameLab(): Promise<NameLab> {
  const lab = makeLab({ uplink: true });
  const { outside, root, dir } = lab.host;
  if (outside === undefined) throw new Error('the host has no outside');
  const heard: Record<keyof typeof SERVERS, string[]> = { first: [], second: [] };
  const children: ChildProcess[] = [];
  const start = async (at: Place, argv: string[], hear: (line: string) => void = () => {}) => {
    const [file = '', ...args] = at.argv([process.execPath, ...argv]);
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    child.stdout.on('data', (text: Buffer) => text.toString().trim().split('\n').forEach(hear));
    return child;
  };

  for (const [name, address] of Object.entries(SERVERS) as [keyof typeof SERVERS, string][]) {
    outside.exec(['ip', 'address', 'add', `${address}/24`, 'dev', 'eth0']);
    const script = join(import.meta.dirname, 'upstream.mjs');
    await start(outside, [script, address, name], (line) => heard[name].push(line));
  }
  const resolvConf = join(dir, 'resolv.conf');
  writeFileSync(
    resolvConf,
    Object.values(SERVERS)
      .map((one) => `nameserver ${one}\n`)
      .join(''),
  );
  // It would end at once if nobody had a name.
  lab.host.inside(() =>
    lab.networking.networks.create({ name: 'first', subnets: [{ subnet: '10.99.0.0/24' }] }),
  );
  lab.container('somebody', { network: 'first' });
  const program = makeProgram(join(import.meta.dirname, 'responder.ts'), dir);
  const responder = await start(lab.host, [...NODE_FLAGS, program, root, resolvConf]);

  return {
    ...lab,
    outside,
    responder,
    asked: (server) => heard[server].splice(0),
    async dispose() {
      for (const child of children.filter(
        ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
      )) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await lab.dispose();
    },
  };
}
