/**
 * The network layer in this process: a namespace, attached to a bridge with one published port, and
 * detached again, by a process that has done so before, as an engine that stays has; beside the same
 * kernel work by `ip -batch` and `nft -f`, less what starting those programs takes. And what a range of 1,000 ports adds to an attach.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openIpam } from '../ipam/ipam.ts';
import { pinNetns, unpinNetns } from '../native/netns.ts';
import { type Networking, openNetworking } from '../net/networking.ts';
import { parsePort } from '../net/ports/parse.ts';
import { openStore } from '../store/lmdb.ts';
import { type FakeHost, makeFakeHost } from '../test/support/fakehost.ts';
import { median, type Row, settle, timed, under } from './measure.ts';

const ROUNDS = 25;
/** As often an engine has attached before it is measured: its code is compiled by then. */
const WARM_UP = 300;

export const name = 'attach and detach, in-process';

export async function run(): Promise<{ rows: Row[] }> {
  const host = makeFakeHost({ uplink: true });
  const store = openStore(join(host.root, 'state'));
  try {
    return host.inside(() => {
      const networking = openNetworking({ store, ipam: openIpam(store) });
      networking.networks.ensureDefault();
      const rows = [...besideTools(networking, host), ...ranges(networking, host)];
      networking.teardown();
      networking.close();
      return { rows };
    });
  } finally {
    store.close();
    host.dispose();
  }
}

/** Rounds are interleaved, so that whatever else the machine does falls on all alike. */
function besideTools(networking: Networking, host: FakeHost): Row[] {
  const times = {
    attach: [],
    detach: [],
    live: [],
    toolAttach: [],
    toolDetach: [],
    toolLive: [],
  } as Record<'attach' | 'detach' | 'live' | 'toolAttach' | 'toolDetach' | 'toolLive', number[]>;
  const ports = [parsePort('8080:80')];
  warmUp(networking, host);
  for (let round = 0; round <= ROUNDS; round++) {
    const ours = { id: `ours${round}`, path: join(host.run, `ours${round}`) };
    const attach = () =>
      networking.attach({ network: 'bridge', sandbox: ours, owner: ours.id, ports });
    settle();
    const attached = timed(() => {
      pinNetns(ours.path);
      attach();
    });
    settle();
    const live = timed(() => networking.detach({ sandbox: ours.id }));
    settle();
    attach();
    settle();
    const detached = timed(() => {
      networking.detach({ sandbox: ours.id, ending: true });
      unpinNetns(ours.path);
    });
    const tool = tools(join(host.run, `tool${round}`), round);
    settle();
    const toolAttached = tool.attach();
    settle();
    const toolLive = tool.detachLive();
    settle();
    tool.attach();
    settle();
    const toolDetached = tool.detach();
    if (round === 0) continue; // the tools' first
    times.attach.push(attached);
    times.live.push(live);
    times.detach.push(detached);
    times.toolAttach.push(toolAttached);
    times.toolLive.push(toolLive);
    times.toolDetach.push(toolDetached);
  }
  const of = (key: keyof typeof times) => median(times[key]);
  return [
    under('attach: namespace, veth, bridge, address, route, port', of('attach'), 3, 'ms'),
    { what: 'the same by ip -batch and nft -f', value: of('toolAttach'), unit: 'ms' },
    under('ratio', of('attach') / of('toolAttach'), 3, 'x'),
    under('detach, and the namespace ended', of('detach'), 3, 'ms'),
    { what: 'the same by ip -batch and nft -f', value: of('toolDetach'), unit: 'ms' },
    under('ratio', of('detach') / of('toolDetach'), 3, 'x'),
    { what: 'detach from a namespace that lives on', value: of('live'), unit: 'ms' },
    { what: 'the same by ip -batch and nft -f', value: of('toolLive'), unit: 'ms' },
    under('ratio', of('live') / of('toolLive'), 3, 'x'),
  ];
}

function warmUp(networking: Networking, host: FakeHost): void {
  const ports = [parsePort('8080:80')];
  const sandbox = { id: 'warm', path: join(host.run, 'warm') };
  for (let round = 0; round < WARM_UP; round++) {
    pinNetns(sandbox.path);
    networking.attach({ network: 'bridge', sandbox, owner: 'warm', ports });
    networking.detach({ sandbox: 'warm', ending: true });
    unpinNetns(sandbox.path);
  }
}

/** The same kernel work by the tools; each step returns its time (ms) without process starts. */
function tools(pin: string, round: number) {
  const link = `tool${round}`;
  const address = `172.17.250.${(round % 250) + 1}`;
  const ip = (lines: string[]) => batch(['ip', '-batch', '-'], lines);
  const inside = (lines: string[]) =>
    batch(['nsenter', `--net=${pin}`, 'ip', '-batch', '-'], lines);
  const nft = (lines: string[]) => batch(['nft', '-f', '-'], lines);
  let isPinned = false;
  const element = 'inet hawser ports4_any';
  return {
    attach() {
      const pinned = isPinned ? 0 : timed(() => pinNetns(pin));
      isPinned = true;
      const outer = ip([
        `link add ${link} mtu 1500 type veth peer name eth0 mtu 1500 netns ${pin}`,
        `link set ${link} alias tool master hawser0 up`,
      ]);
      const inner = inside([
        `address add ${address}/16 dev eth0`,
        'link set eth0 up',
        'route add default via 172.17.0.1',
      ]);
      const port = nft([`add element ${element} { tcp . 9090 : ${address} . 80 }`]);
      return pinned + outer + inner + port;
    },
    detachLive() {
      return nft([`delete element ${element} { tcp . 9090 }`]) + ip([`link del ${link}`]);
    },
    detach() {
      const port = nft([`delete element ${element} { tcp . 9090 }`]);
      const off = ip([`link set ${link} down`, `link set ${link} name gone${round}`]);
      return port + off + timed(() => unpinNetns(pin));
    },
  };
}

/** A tool's time for some lines, less its time for none. */
function batch(argv: string[], lines: string[]): number {
  const [file = '', ...args] = argv;
  const once = (input: string) => timed(() => execFileSync(file, args, { input }));
  return Math.max(0, once(lines.join('\n')) - once(''));
}

function ranges(networking: Networking, host: FakeHost): Row[] {
  const none: number[] = [];
  const thousand: number[] = [];
  const shifted: number[] = [];
  const sandbox = { id: 'range', path: join(host.run, 'range') };
  pinNetns(sandbox.path);
  const attach = (into: number[], port?: string) => {
    const ports = port === undefined ? [] : [parsePort(port)];
    into.push(
      timed(() => networking.attach({ network: 'bridge', sandbox, owner: 'range', ports })),
    );
    networking.detach({ sandbox: sandbox.id });
    settle();
  };
  try {
    for (let round = 0; round < 15; round++) {
      attach(none);
      attach(thousand, '20000-20999:20000-20999');
      attach(shifted, '21000-21999:20000-20999');
    }
  } finally {
    unpinNetns(sandbox.path);
  }
  const over = (times: number[]) => median(times) - median(none);
  return [
    under('a range of 1,000 ports, over none', over(thousand), 20, 'ms'),
    { what: 'the same, shifted: 1,000 elements', value: over(shifted), unit: 'ms' },
  ];
}
