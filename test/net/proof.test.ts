import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIpam } from '../../ipam/ipam.ts';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import type { Endpoint } from '../../net/model.ts';
import { openNetworking } from '../../net/networking.ts';
import { type Container, type Lab, makeLab, refusal } from './lab.ts';

/** A network with room for two, who are there. */
let lab: Lab;
let crew: Container[];

beforeEach(() => {
  lab = makeLab({ uplink: true });
  const subnet = { subnet: '10.5.0.0/29', range: '10.5.0.4/30', aux: { printer: '10.5.0.4' } };
  lab.host.inside(() => lab.networking.networks.create({ name: 'blue', subnets: [subnet] }));
  crew = ['a', 'b'].map((name) => join(name, { ports: [`80${name === 'a' ? 1 : 2}0:80`] }));
});
afterEach(() => lab.dispose());

function join(name: string, request: Parameters<Lab['container']>[1] = {}): Container {
  return lab.container(name, { network: 'blue', ...request });
}
function at(index: number): Container {
  const one = crew[index];
  if (one === undefined) throw new Error(`there is no container ${index}`);
  return one;
}
const leases = () => lab.networking.leases('blue');
const states = () =>
  Object.fromEntries(leases().map(({ address, owner, state }) => [address, `${owner} ${state}`]));

describe('the leases of a network', () => {
  it('are told with their owners and states, and what is reserved', () => {
    expect(states()).toEqual({
      '10.5.0.1': 'gateway reserved',
      '10.5.0.4': 'printer reserved',
      '10.5.0.5': 'a alive',
      '10.5.0.6': 'b alive',
    });
    expect(leases()[2]).toMatchObject({ endpoint: 'a/eth0', since: expect.any(String) });
  });

  it('are dead once the namespace is gone, is another, or is of another boot', () => {
    const { path } = at(0).sandbox;
    unpinNetns(path);
    expect(leases()).toContainEqual(
      expect.objectContaining({ owner: 'a', state: 'dead', why: `its namespace ${path} is gone` }),
    );
    pinNetns(path);
    expect(leases()).toContainEqual(
      expect.objectContaining({ owner: 'a', why: `another namespace is at ${path}` }),
    );
    lab.store.transaction(() => {
      const table = lab.store.table<Endpoint>('endpoints');
      const endpoint = table.get('b/eth0') ?? at(1).endpoint;
      const proof = { netns: endpoint.proof?.netns ?? '', boot: 'an earlier one' };
      table.put(endpoint.key, { ...endpoint, proof });
    });
    expect(leases()).toContainEqual(
      expect.objectContaining({ owner: 'b', why: 'the machine was restarted' }),
    );
  });
});

describe('an attach that finds nothing left', () => {
  it('takes back what the dead hold, wholly, and says so', () => {
    unpinNetns(at(0).sandbox.path);
    const next = join('c', { ports: ['8010:80'] });
    expect(next.address).toBe('10.5.0.5');
    expect(states()).toMatchObject({ '10.5.0.5': 'c alive', '10.5.0.6': 'b alive' });
    expect(lab.notes).toContain(
      `took 10.5.0.5 back from a (eth0): its namespace ${at(0).sandbox.path} is gone`,
    );
    expect(lab.networking.endpoints({ sandbox: 'a' })).toEqual([]);
    expect(lab.host.exec(['ip', '-br', 'link'])).not.toContain(at(0).endpoint.hostIfname);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  });

  it('leaves the living alone, and is refused', () => {
    const before = lab.snapshot();
    const { code, message } = refusal(() => join('c'));
    expect(code).toBe('exhausted');
    expect(message).toContain('attach c to blue: no address of the range 10.5.0.4/30 is free');
    expect(lab.snapshot()).toEqual(before);
  });

  it('gets the address, or the port, that a dead one has', () => {
    unpinNetns(at(1).sandbox.path);
    expect(join('c', { ip: '10.5.0.6' }).address).toBe('10.5.0.6');
    unpinNetns(at(0).sandbox.path);
    const other = lab.container('d', { ports: ['8010:80'] });
    expect(other.endpoint.ports[0]?.hostPort).toBe(8010);
  });

  it('takes nothing from one that lives without its pin', () => {
    const networking = openNetworking({
      store: lab.store,
      ipam: openIpam(lab.store),
      outlivesPin: ({ id }) => id === 'a',
    });
    unpinNetns(at(0).sandbox.path);
    const { id, path } = lab.sandbox('c');
    const attach = () => networking.attach({ network: 'blue', owner: 'c', sandbox: { id, path } });
    expect(refusal(() => lab.host.inside(attach)).code).toBe('exhausted');
    expect(networking.leases('blue').map(({ state }) => state)).not.toContain('dead');
  });

  it('takes back leases that no endpoint has', () => {
    lab.store.transaction(() => {
      lab.store.table('endpoints').remove('a/eth0');
      lab.store.table('network-endpoints').remove(`${at(0).endpoint.network}/a/eth0`);
    });
    expect(states()).toMatchObject({ '10.5.0.5': 'a/eth0 dead' });
    expect(join('c').address).toBe('10.5.0.5');
  });
});
