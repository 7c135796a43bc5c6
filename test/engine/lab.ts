/** An engine on a fake host, in this process, whose steps can be made to fail. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../engine/engine.ts';
import { openEngine } from '../../engine/open.ts';
import { openCgroups } from '../../runtime/cgroup/open.ts';
import { importBusybox } from '../support/busybox.ts';
import { type FakeHost, makeFakeHost } from '../support/fakehost.ts';
import { inhabit } from '../support/inhabit.ts';

export interface Lab {
  host: FakeHost;
  engine: Engine;
  /** What the engine has told in passing. */
  notes: string[];
  /** The parent of its containers' cgroups. */
  cgroup: string;
  /** The environment that makes another process work on the same state. */
  env: NodeJS.ProcessEnv;
  /** The engine throws after this many further steps; undefined: never. */
  failAfter(steps: number | undefined): void;
  /** The steps taken since `failAfter` was last called. */
  steps: string[];
  snapshot(): Snapshot;
  dispose(): Promise<void>;
}

/** All that hawser could leave behind, as text that two moments can be compared by. */
export type Snapshot = Record<string, string[]>;

export async function makeLab(): Promise<Lab> {
  const host = makeFakeHost({ uplink: true });
  const leave = inhabit(host.netns);
  const cgroup = `hawser-test-${randomBytes(4).toString('hex')}`;
  const notes: string[] = [];
  const steps: string[] = [];
  let failAt: number | undefined;
  const engine = openEngine({
    root: host.root,
    run: host.run,
    cgroupParent: cgroup,
    onNote: (note) => notes.push(note),
    onStep(step) {
      steps.push(step);
      if (steps.length === failAt) throw new Error(`injected after ${step}`);
    },
  });
  await importBusybox(engine.images);

  return {
    host,
    engine,
    notes,
    steps,
    cgroup,
    env: { ...host.env, HAWSER_CGROUP_PARENT: cgroup },
    failAfter(count) {
      steps.length = 0;
      failAt = count;
    },
    snapshot: () => snapshot(engine, host, cgroup),
    async dispose() {
      failAt = undefined;
      try {
        await engine.system.reset();
      } finally {
        leave();
        openCgroups().remove(cgroup);
        host.dispose();
      }
    },
  };
}

function snapshot(engine: Engine, host: FakeHost, cgroup: string): Snapshot {
  awaitEndingLinks(engine, host);
  return {
    links: linkNames(host),
    addresses: lines(host.exec(['ip', '-o', 'address', 'show', 'scope', 'global'])).map(
      withoutIndex,
    ),
    routes: lines(host.exec(['ip', 'route', 'show', 'table', 'all']))
      .filter(isConfigured)
      .map(withoutCarrier),
    firewall: elements(host.exec(['nft', 'list', 'ruleset'])),
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8'))
      .filter((line) => line.includes(host.dir))
      .map((line) => line.split(' ')[4] ?? ''),
    cgroups: openCgroups().children(cgroup),
    directories: ['root/containers', 'run/containers', 'run/netns'].flatMap((path) =>
      list(join(host.dir, path)),
    ),
    monitors: monitors(host.dir),
    containers: engine.containers
      .list({ all: true })
      .map(({ id, state }) => `${id} ${state.status}`),
    endpoints: engine
      .endpoints()
      .map(({ key, addresses }) => `${key} ${addresses.map(({ address }) => address)}`),
  };
}

/** The links of a sandbox that has ended go with it, and the kernel takes a moment for that. */
function awaitEndingLinks(engine: Engine, host: FakeHost): void {
  const deadline = Date.now() + 5_000;
  const expected = new Set(engine.endpoints().map(({ hostIfname }) => hostIfname));
  const isEnding = (name: string) => name.startsWith('hv') && !expected.has(name);
  while (linkNames(host).some(isEnding) && Date.now() < deadline) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

function linkNames(host: FakeHost): string[] {
  return lines(host.exec(['ip', '-br', 'link'])).map((line) => line.split(/[\s@]/)[0] ?? '');
}

/** The pids of the launchers that serve a socket below a directory. */
function monitors(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('hawser') &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir)
        );
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

/** A ruleset whose sets list their elements in any order. */
function elements(ruleset: string): string[] {
  return ruleset
    .split(/[\n,]/)
    .map((text) => text.replace(/elements = \{|\}/g, '').trim())
    .filter((text) => text !== '')
    .toSorted();
}

/** Link-local routes come and go by themselves, some time after their link. */
function isConfigured(route: string): boolean {
  return !/\b(fe80:|ff00:)/.test(route);
}

/** Whether somebody is plugged into a bridge shows in its routes, and late. */
function withoutCarrier(line: string): string {
  return line.replace(/ (linkdown|dead)\b/g, '').trim();
}

/** `2: eth0 inet 192.0.2.2/24`, less the index, which is never the same again. */
function withoutIndex(line: string): string {
  return line.split(/\s+/).slice(1, 4).join(' ');
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
