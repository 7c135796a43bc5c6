/** What IPv6 adds to an attach: to a network with both families, beside one with IPv4 alone. */
import { join } from 'node:path';
import { openIpam } from '../ipam/ipam.ts';
import { pinNetns, unpinNetns } from '../native/netns.ts';
import { type Networking, openNetworking } from '../net/networking.ts';
import { openStore } from '../store/lmdb.ts';
import { type FakeHost, makeFakeHost } from '../test/support/fakehost.ts';
import { median, type Row, settle, timed, under } from './measure.ts';

const ROUNDS = 40;

export const name = 'attach to a network with IPv6, in-process';

export async function run(): Promise<{ rows: Row[] }> {
  const host = makeFakeHost({ uplink: true });
  const store = openStore(join(host.root, 'state'));
  try {
    return host.inside(() => {
      const networking = openNetworking({ store, ipam: openIpam(store) });
      networking.networks.create({ name: 'four' });
      networking.networks.create({ name: 'dual', ipv6: true });
      const rows = compare(networking, host);
      networking.teardown();
      return { rows };
    });
  } finally {
    store.close();
    host.dispose();
  }
}

/** Rounds are interleaved, so that whatever else the machine does falls on both alike. */
function compare(networking: Networking, host: FakeHost): Row[] {
  const times = { four: [] as number[], dual: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const network of ['four', 'dual'] as const) {
      const time = attach(networking, network, join(host.run, `${network}${round}`));
      if (round > 0) times[network].push(time); // the first one warms up
    }
  }
  const [four, dual] = [median(times.four), median(times.dual)];
  return [
    { what: 'IPv4 alone', value: four, unit: 'ms' },
    { what: 'IPv4 and IPv6', value: dual, unit: 'ms' },
    under('ratio', dual / four, 1.3, 'x'),
  ];
}

/** Milliseconds for a sandbox made and attached; its end is not counted. */
function attach(networking: Networking, network: string, path: string): number {
  const sandbox = { id: network, path };
  settle();
  const time = timed(() => {
    pinNetns(path);
    networking.attach({ network, sandbox, owner: network });
  });
  networking.detach({ sandbox: sandbox.id, ending: true });
  unpinNetns(path);
  return time;
}
