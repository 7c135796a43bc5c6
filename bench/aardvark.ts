/**
 * aardvark-dns, Podman's name server, on a bridge of its own: Debian's package, unpacked beside the
 * build rather than installed, which reads its names from a directory of files.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../engine/paths.ts';
import { pinNetns, unpinNetns } from '../native/netns.ts';
import { type FakeHost, makeFakeHost } from '../test/support/fakehost.ts';

const GATEWAY = '10.89.0.1';

export interface Aardvark {
  /** The network namespace of one of its containers, and whom that asks. */
  netns: string;
  server: string;
  stop(): void;
}

/** Starts it with containers of these names, of which one has a namespace to ask from. */
export async function startAardvark(names: string[]): Promise<Aardvark> {
  const packages = join(packageRoot(), 'build/peers/aardvark');
  execFileSync(
    join(packageRoot(), 'scripts/unpack-packages.sh'),
    ['--alone', packages, 'aardvark-dns'],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const host = makeFakeHost();
  const netns = join(host.dir, 'client.netns');
  pinNetns(netns);
  plugIn(host, netns);
  const config = join(host.dir, 'aardvark');
  mkdirSync(config);
  // Who listens where; then a line a container: its id, addresses of both families, names.
  const lines = names.map((name, i) => `${`${i}`.padStart(64, '0')} 10.89.0.${i + 2}  ${name}`);
  writeFileSync(join(config, 'bench'), [GATEWAY, ...lines, ''].join('\n'));
  const program = join(packages, 'usr/lib/podman/aardvark-dns');
  const [file = '', ...args] = host.argv([program, '--config', config, '--port', '53', 'run']);
  // It leaves a child behind that answers, and tells its pid in a file.
  execFileSync(file, args, { stdio: 'ignore', timeout: 10_000 });
  const pid = Number(readFileSync(join(config, 'aardvark.pid'), 'utf8'));
  return { netns, server: GATEWAY, stop: () => stop(pid, host, netns) };
}

function plugIn(host: FakeHost, netns: string): void {
  host.exec(['ip', '-batch', '-'], {
    input: [
      'link add aardvark0 type bridge',
      `address add ${GATEWAY}/24 dev aardvark0`,
      'link set aardvark0 up',
      `link add client0 type veth peer name eth0 netns ${netns}`,
      'link set client0 master aardvark0 up',
      '',
    ].join('\n'),
  });
  execFileSync('nsenter', [`--net=${netns}`, '--', 'ip', '-batch', '-'], {
    input: 'address add 10.89.0.2/24 dev eth0\nlink set eth0 up\n',
  });
}

function stop(pid: number, host: FakeHost, netns: string): void {
  process.kill(pid);
  unpinNetns(netns);
  host.dispose();
}
