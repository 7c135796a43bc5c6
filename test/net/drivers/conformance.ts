/** What every driver is held to, in a fake host with an uplink on which it is to make the network `seg`. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unpinNetns } from '../../../native/netns.ts';
import { Rtnetlink } from '../../../native/rtnetlink/rtnetlink.ts';
import type { EndpointSettings, NetworkSpec } from '../../../net/request.ts';
import { makeProgram, run } from '../../store/program.ts';
import type { FakeHost, Place } from '../../support/fakehost.ts';
import { type Container, type Lab, makeLab, refusal } from '../lab.ts';

export interface Candidate {
  spec: Omit<NetworkSpec, 'name'>;
  /** What the host must have before. */
  prepare?: (host: FakeHost) => void;
  /** Whether its links have a MAC of their own. */
  ownMac: boolean;
  /** What each attach asks for. */
  wish?: EndpointSettings;
}

export function conforms(name: string, { spec, prepare, ownMac, wish }: Candidate): void {
  const wanted: NetworkSpec = { ...spec, name: 'seg' };
  const on = { ...wish, network: 'seg' };
  let lab: Lab;
  let before: unknown;

  beforeEach(() => {
    lab = makeLab({ uplink: true });
    prepare?.(lab.host);
    // The skeleton of the table stays where there is one.
    lab.host.inside(() => lab.networking.networks.ensureDefault());
    before = lab.snapshot();
    create();
  });
  afterEach(() => lab.dispose());

  const create = () => lab.host.inside(() => lab.networking.networks.create(wanted));
  const remove = () => lab.host.inside(() => lab.networking.networks.remove('seg'));
  const reconcile = () => lab.host.inside(() => lab.networking.reconcile());
  const detach = (sandbox: string) => lab.host.inside(() => lab.networking.detach({ sandbox }));

  describe(name, () => {
    it('joins two sandboxes, each with address, MAC, MTU and a way out', () => {
      const one = lab.container('one', on);
      const two = lab.container('two', on);
      reaches(one, two.address);
      reaches(two, one.address);
      for (const { endpoint, netns } of [one, two]) {
        using inside = Rtnetlink.open(netns);
        const { mac, mtu, addresses } = endpoint;
        expect(inside.link('eth0')).toMatchObject({ mac, mtu, up: true });
        expect(inside.addresses('eth0').map(({ address }) => address)).toEqual(
          addresses.map(({ address }) => address),
        );
        const way = inside.routes().find(({ destination }) => destination === 'default');
        expect(way?.gateway).toBe(addresses[0]?.gateway);
      }
      expect(one.endpoint.mac === two.endpoint.mac).toBe(!ownMac);
      expect(reconcile()).toEqual([]);
    });

    it('gives the MTU, the MAC and the prefix of names that are asked for', () => {
      remove();
      const options = {
        ...spec.options,
        'com.docker.network.driver.mtu': '1400',
        'com.docker.network.container_iface_prefix': 'net',
      };
      lab.host.inside(() => lab.networking.networks.create({ ...wanted, options }));
      const mac = '02:42:00:00:00:77';
      const { endpoint } = lab.container('one', { ...on, ...(ownMac && { mac }) });
      expect(endpoint).toMatchObject({ ifname: 'net0', mtu: 1400, ...(ownMac && { mac }) });
      if (ownMac) return;
      const error = refusal(() => lab.container('two', { ...on, mac }));
      expect(error.message).toContain(`MAC address ${mac} cannot be had`);
    });

    it('lets go once, and again, and where the namespace or the link is gone', () => {
      const created = lab.snapshot();
      const one = lab.container('one', on);
      const two = lab.container('two', on);
      const three = lab.container('three', on);
      for (const again of [1, 2]) detach(again ? 'one' : '');
      expect(linksOf(one)).toEqual(['lo']);
      unpinNetns(two.sandbox.path);
      detach('two');
      three.exec(['ip', 'link', 'del', 'eth0']);
      detach('three');
      expect(lab.snapshot()).toEqual(created);
    });

    it('gives a sandbox that ends and comes again the same address at once', () => {
      const wish = { ...on, ip: lab.container('first', on).address };
      lab.host.inside(() => lab.networking.detach({ sandbox: 'first', ending: true }));
      for (const name of ['second', 'third']) {
        lab.container(name, wish);
        lab.host.inside(() => lab.networking.detach({ sandbox: name, ending: true }));
      }
    });

    it('leaves nothing of an attach or a create that fails after any step', () => {
      const { id, path, ...there } = lab.sandbox('one');
      const attach = () => lab.networking.attach({ ...on, sandbox: { id, path }, owner: id });
      const created = lab.snapshot();
      failAfterEachStep(lab, attach, () => {
        expect(lab.snapshot()).toEqual(created);
        expect(linksOf(there)).toEqual(['lo']);
      });
      detach('one');
      remove();
      failAfterEachStep(
        lab,
        () => lab.networking.networks.create(wanted),
        () => expect(lab.snapshot()).toEqual(before),
      );
    });

    it('leaves nothing of a process killed with -9 at any step that reconcile does not mend', () => {
      const program = makeProgram(join(import.meta.dirname, 'worker.ts'), lab.host.dir);
      const { id, path, ...there } = lab.sandbox('one');
      const killed = (verb: string, last: number) => {
        const argv = [
          program,
          verb,
          lab.host.root,
          JSON.stringify({ ...wanted, wish }),
          id,
          path,
          `${last}`,
        ];
        return run(lab.host.argv([process.execPath, ...argv])).signal === 'SIGKILL';
      };
      const mend = () => lab.host.inside(() => lab.networking.reconcile([{ id, path }]));
      const created = lab.snapshot();
      let last = 0;
      for (; killed('attach', last); last++) {
        mend();
        expect(lab.snapshot(), `attach, step ${last}`).toEqual(created);
        expect(linksOf(there), `attach, step ${last}`).toEqual(['lo']);
        expect(mend()).toEqual([]);
      }
      expect(last).toBeGreaterThan(3);
      detach('one');
      // Without a reconcile in between, the next attach finds its way through what is left.
      for (last = 0; killed('attach', last); last++) {
        lab.host.inside(() => lab.networking.attach({ ...on, sandbox: { id, path }, owner: id }));
        expect(linksOf(there)).toEqual(['lo', 'eth0']);
        detach('one');
      }
      detach('one');
      remove();
      for (last = 0; killed('create', last); last++) {
        mend();
        expect(lab.snapshot(), `create, step ${last}`).toEqual(before);
      }
    }, 400_000);

    it('is mended after its link, its address or its state was changed by hand', () => {
      const one = lab.container('one', on);
      const two = lab.container('two', on);
      for (const [damage, what] of [
        [['ip', 'link', 'del', 'eth0'], 'one (eth0) has no link to seg'],
        [['ip', 'addr', 'flush', 'dev', 'eth0'], /^one: eth0 lacks its address /],
        [['ip', 'link', 'set', 'eth0', 'down'], 'one: eth0 is down'],
        [['ip', 'link', 'set', 'eth0', 'mtu', '1280'], /^one: eth0 has an MTU of 1280 instead of /],
        [['ip', 'route', 'del', 'default'], 'one has no default route of IPv4'],
      ] as const) {
        one.exec([...damage]);
        expect(reconcile().map(({ what }) => what)).toContainEqual(
          typeof what === 'string' ? what : expect.stringMatching(what),
        );
        expect(reconcile()).toEqual([]);
        reaches(one, two.address);
      }
    });

    it('is removed with all that was made for it', () => {
      lab.container('one', on);
      expect(refusal(remove).message).toBe('remove network seg: it has one attached');
      detach('one');
      remove();
      expect(lab.snapshot()).toEqual(before);
    });

    it('is gone after a teardown, and the host as it was', () => {
      const one = lab.container('one', on);
      lab.host.inside(() => lab.networking.teardown());
      expect(linksOf(one)).toEqual(['lo']);
    });
  });
}

/** Fails after each step in turn that `work` goes through, and at last not. */
function failAfterEachStep(lab: Lab, work: () => unknown, check: () => void): void {
  for (let last = 0; ; last++) {
    let count = 0;
    lab.onStep = (step) => {
      if (count++ === last) throw new Error(`injected after ${step}`);
    };
    let failed = true;
    try {
      lab.host.inside(work);
      failed = false;
    } catch (error) {
      expect(String(error)).toContain('injected after');
    } finally {
      lab.onStep = () => {};
    }
    if (!failed) {
      expect(last).toBeGreaterThan(2);
      return;
    }
    check();
  }
}

export function reaches(from: Place, address: string): void {
  from.exec(['busybox', 'ping', '-c1', '-W1', address]);
}

export function linksOf({ netns }: Pick<Container, 'netns'>): string[] {
  using inside = Rtnetlink.open(netns);
  return inside.links().map(({ name }) => name);
}
