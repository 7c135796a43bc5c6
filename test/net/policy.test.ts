/** Policies of networks, and who is reached under them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PolicyRuleRequest } from '../../net/policy/policy.ts';
import {
  HOST_ADDRESS,
  HOST_ADDRESS6,
  OUTSIDE_ADDRESS,
  OUTSIDE_ADDRESS6,
  type Place,
} from '../support/fakehost.ts';
import { ask, type Container, type Lab, makeLab, refusal } from './lab.ts';

const protocols = ['tcp', 'udp'] as const;
let lab: Lab;
let outside: Place;
let web: Container;
let db: Container;
let other: Container;
let stranger: Container;

beforeAll(async () => {
  lab = makeLab({ uplink: true });
  if (lab.host.outside === undefined) throw new Error('the host has no uplink');
  outside = lab.host.outside;
  const subnets = [{ subnet: '10.5.0.0/24' }, { subnet: 'fd00:5::/64' }];
  lab.host.inside(() => lab.networking.networks.create({ name: 'blue', subnets }));
  const ports = ['8080:80', '8080:80/udp'];
  web = lab.container('web', { network: 'blue', ports });
  db = lab.container('db', { network: 'blue', labels: { role: 'db', tier: '' } });
  other = lab.container('other', { network: 'blue' });
  stranger = lab.container('stranger', { ports: ['8081:80', '8081:80/udp'] });
  await Promise.all([
    lab.serve(web, 'web', 80, 81),
    lab.serve(db, 'db', 80, 81),
    lab.serve(other, 'other', 80),
    lab.serve(stranger, 'stranger', 80),
    lab.serve(lab.host, 'host', 5000),
    lab.serve(outside, 'outside', 5000, 5001),
  ]);
});
afterAll(() => lab.dispose());
afterEach(() => policy('allow'));

const policies = () => lab.networking.networks.policy;

/** The policy of the network, from nothing: `allow web db 80/tcp`. */
function policy(fallback: 'allow' | 'deny', ...rules: string[]): void {
  const requests = rules.map((rule): PolicyRuleRequest => {
    const [verdict, from = 'any', to = 'any', ...ports] = rule.split(' ');
    return { verdict: verdict === 'deny' ? 'deny' : 'allow', from, to, ports };
  });
  lab.host.inside(() => policies().replace('blue', { default: fallback, rules: requests }));
}

const four = (at: Container) => at.endpoint.addresses[0]?.address ?? '';
const six = (at: Container) => at.endpoint.addresses[1]?.address ?? '';

/** Who is reached among those tried: `db` for a neighbour by both families, ... */
async function reached(from: Place, protocol: 'tcp' | 'udp', to: [string, number][]) {
  const answers = await Promise.all(
    to.map(([address, port]) => ask(from, protocol, address, port)),
  );
  return answers.map((answer) => answer?.replace(/ from .*/, ''));
}

const by = (at: Container, port = 80): [string, number][] => [
  [four(at), port],
  [six(at), port],
];
const OUT: [string, number][] = [
  [OUTSIDE_ADDRESS, 5000],
  [OUTSIDE_ADDRESS6, 5000],
];
const nobody = [undefined, undefined];

describe.each(protocols)('%s', (protocol) => {
  it('denied by default: within, out, in, and to the host', async () => {
    expect(await reached(web, protocol, by(db))).toEqual(['db', 'db']);
    policy('deny');
    expect(
      await reached(web, protocol, [
        ...by(db),
        [OUTSIDE_ADDRESS, 5000],
        [HOST_ADDRESS, 5000],
        [HOST_ADDRESS, 8081],
      ]),
    ).toEqual(Array(5).fill(undefined));
    expect(
      await Promise.all([
        ask(outside, protocol, HOST_ADDRESS, 8080),
        ask(outside, protocol, HOST_ADDRESS6, 8080),
        ask(stranger, protocol, HOST_ADDRESS, 8080),
        ask(other, protocol, HOST_ADDRESS, 8080),
      ]),
    ).toEqual(Array(4).fill(undefined));
    // Who is root on the host needs no network to get at a container.
    expect(await reached(lab.host, protocol, [...by(web), ['127.0.0.1', 8080]])).toEqual([
      'web',
      'web',
      'web',
    ]);
  });

  it('a rule allows one to connect to one, at one port, and not the other way', async () => {
    policy('deny', `allow web db 80/${protocol}`);
    expect(await reached(web, protocol, by(db))).toEqual(['db', 'db']);
    expect(await reached(web, protocol, by(db, 81))).toEqual(nobody);
    expect(await reached(other, protocol, by(db))).toEqual(nobody);
    expect(await reached(db, protocol, by(web))).toEqual(nobody);
    expect(await reached(web, protocol, OUT)).toEqual(nobody);
    const another = protocol === 'tcp' ? 'udp' : 'tcp';
    expect(await reached(web, another, by(db))).toEqual(nobody);
  });

  it('a denial wins over what is allowed, in whichever order they come', async () => {
    const rules = [`allow any db`, `deny web db 80-89/${protocol}`];
    for (const order of [rules, rules.toReversed()]) {
      policy('deny', ...order);
      expect(await reached(web, protocol, by(db))).toEqual(nobody);
      expect(await reached(other, protocol, by(db))).toEqual(['db', 'db']);
    }
    policy('allow', ...rules);
    expect(await reached(web, protocol, by(db))).toEqual(nobody);
    expect(await reached(web, protocol, by(other))).toEqual(['other', 'other']);
  });

  it('by label, with a value and without', async () => {
    policy('deny', 'allow any label=role=db', 'deny other label=tier');
    expect(await reached(web, protocol, by(db))).toEqual(['db', 'db']);
    expect(await reached(other, protocol, by(db))).toEqual(nobody);
    policy('deny', 'allow label=role=web db');
    expect(await reached(web, protocol, by(db))).toEqual(nobody);
  });

  it('outbound, by subnet and port', async () => {
    policy('deny', `allow web 192.0.2.0/24 5000/${protocol}`, 'allow web 2001:db8::1');
    expect(await reached(web, protocol, OUT)).toEqual(['outside', 'outside']);
    expect(
      await reached(web, protocol, [
        [OUTSIDE_ADDRESS, 5001],
        [OUTSIDE_ADDRESS6, 5001],
      ]),
    ).toEqual([undefined, 'outside']);
    expect(await reached(db, protocol, OUT)).toEqual(nobody);
    policy('allow', 'deny any 192.0.2.1');
    expect(await reached(web, protocol, OUT)).toEqual([undefined, 'outside']);
    expect(await reached(web, protocol, by(db))).toEqual(['db', 'db']);
  });

  it('published ports, by who comes and by the port inside', async () => {
    policy('deny', `allow ${OUTSIDE_ADDRESS} web 80/${protocol}`);
    expect(await ask(outside, protocol, HOST_ADDRESS, 8080)).toBe(`web from ${OUTSIDE_ADDRESS}`);
    expect(await ask(outside, protocol, HOST_ADDRESS6, 8080)).toBeUndefined();
    expect(await ask(stranger, protocol, HOST_ADDRESS, 8080)).toBeUndefined();
    policy('allow', 'deny any web 80');
    policy('allow', `deny any web 80/${protocol}`);
    expect(await ask(outside, protocol, HOST_ADDRESS, 8080)).toBeUndefined();
  });

  it("a neighbour does not get around it by the host's address", async () => {
    policy('allow', `deny other web 80/${protocol}`);
    expect(await ask(other, protocol, HOST_ADDRESS, 8080)).toBeUndefined();
    expect(await ask(db, protocol, HOST_ADDRESS, 8080)).toMatch(/^web from/);
  });

  it('the host is a peer like others', async () => {
    const gateway: [string, number][] = [['10.5.0.1', 5000]];
    policy('deny', `allow web host 5000/${protocol}`);
    expect(await reached(web, protocol, gateway)).toEqual(['host']);
    expect(await reached(db, protocol, gateway)).toEqual([undefined]);
    policy('allow', 'deny db host');
    expect(await reached(db, protocol, gateway)).toEqual([undefined]);
    // By its gateway's address; others of its addresses are selected as such.
    expect(await reached(db, 'tcp', [[HOST_ADDRESS, 5000]])).toEqual(['host']);
  });
});

describe('who comes and goes', () => {
  it('is covered from the first packet, and leaves nothing', async () => {
    policy('deny', 'allow label=job web 80', 'allow any late 80', 'deny other late');
    const before = lab.snapshot();
    const job = lab.container('job', { network: 'blue', labels: { job: '7' } });
    const late = lab.container('late', { network: 'blue' });
    await lab.serve(late, 'late', 80);
    expect(await reached(job, 'tcp', [...by(web), ...by(late)])).toEqual([
      'web',
      'web',
      'late',
      'late',
    ]);
    expect(await reached(other, 'tcp', [...by(web), ...by(late)])).toEqual([...nobody, ...nobody]);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
    for (const { sandbox } of [job, late]) {
      lab.host.inside(() => lab.networking.detach({ sandbox: sandbox.id }));
    }
    expect(await reached(job, 'tcp', by(web))).toEqual(nobody);
    expect(withoutSince(lab.snapshot())).toEqual(withoutSince(before));
  });

  it('a policy survives a flush, a reload and a bridge that was deleted', async () => {
    policy('deny', 'allow web db 80');
    lab.host.exec(['nft', 'flush', 'ruleset']);
    lab.host.inside(() => lab.networking.reload());
    expect(await reached(web, 'tcp', [...by(db), ...by(other)])).toEqual(['db', 'db', ...nobody]);
    const { bridge = '' } = lab.networking.networks.get('blue');
    lab.host.exec(['ip', 'link', 'del', bridge]);
    lab.host.inside(() => lab.networking.reconcile());
    expect(await reached(web, 'tcp', [...by(db), ...by(other)])).toEqual(['db', 'db', ...nobody]);
    expect(lab.host.inside(() => lab.networking.reconcile())).toEqual([]);
  });

  it("the user's chain is asked before it", async () => {
    policy('deny');
    const user = ['inet', 'hawser', 'user'];
    lab.host.exec(['nft', 'add', 'rule', ...user, 'ip', 'daddr', four(db), 'accept']);
    lab.host.exec(['nft', 'add', 'rule', ...user, 'ip', 'saddr', four(db), 'accept']);
    expect(await reached(web, 'tcp', by(db))).toEqual(['db', undefined]);
    lab.host.exec(['nft', 'flush', 'chain', ...user]);
    expect(await reached(web, 'tcp', by(db))).toEqual(nobody);
  });

  it('a name that nobody has is told, and may be of somebody who comes', () => {
    lab.notes.length = 0;
    lab.host.inside(() => {
      policies().add('blue', { verdict: 'deny', from: 'weeb', to: 'db' });
      policies().add('blue', { verdict: 'deny', from: 'stranger' });
    });
    expect(lab.notes).toEqual([
      'no container of network blue is called weeb yet',
      'no container of network blue is called stranger yet',
    ]);
  });

  it('the default network has a policy too, before its first use', async () => {
    const fresh = makeLab();
    const { policy } = fresh.networking.networks;
    expect(policy.of('bridge')).toEqual({ default: 'allow', rules: [] });
    fresh.host.inside(() => policy.setDefault('bridge', 'deny'));
    expect(policy.of('bridge').default).toBe('deny');
    await fresh.dispose();
  });

  it('a network takes its policy with it', () => {
    const { networks, reconcile } = lab.networking;
    const before = lab.snapshot();
    lab.host.inside(() => {
      for (const take of [() => networks.remove('brief'), () => networks.prune()]) {
        networks.create({ name: 'brief', subnets: [{ subnet: '10.6.0.0/24' }] });
        policies().setDefault('brief', 'deny');
        take();
        expect(reconcile()).toEqual([]);
      }
    });
    expect(lab.snapshot()).toEqual(before);
  });

  it('without a policy nothing of it is left', () => {
    const plain = () => [
      lab.networking.networks.get('blue'),
      lab.host.exec(['nft', 'list', 'ruleset']),
    ];
    const before = plain();
    policy('deny', 'allow web db 80');
    expect(plain()).not.toEqual(before);
    lab.host.inside(() => {
      policies().remove('blue');
      policies().setDefault('blue', 'allow');
    });
    expect(plain()).toEqual(before);
  });
});

describe('what is refused', () => {
  it.each<[PolicyRuleRequest, RegExp]>([
    [{ verdict: 'allow', from: '10.5.0.1/24' }, /10\.5\.0\.1\/24 has bits set behind its prefix/],
    [
      { verdict: 'allow', to: 'label==x' },
      /^change the policy of blue: label==x selects nobody|"label==x" selects nobody/,
    ],
    [{ verdict: 'deny', from: '300.1.1.1' }, /300\.1\.1\.1 is no address/],
    [{ verdict: 'allow', to: '' }, /"" selects nobody/],
    [{ verdict: 'allow', from: 'host' }, /the host reaches its containers whatever the policy/],
    [{ verdict: 'allow', ports: ['0'] }, /port 0 has the form/],
    [{ verdict: 'allow', ports: ['9-8/tcp'] }, /port 9-8\/tcp has the form/],
    [{ verdict: 'allow', ports: ['80/sctp'] }, /port 80\/sctp has the form/],
  ])('%j', (rule, message) => {
    const refused = refusal(() => lab.host.inside(() => policies().add('blue', rule)));
    expect(refused.message).toMatch(message);
    expect(policies().of('blue')).toEqual({ default: 'allow', rules: [] });
  });

  it('a rule that is not there', () => {
    expect(refusal(() => lab.host.inside(() => policies().remove('blue', [7]))).message).toBe(
      'change the policy of blue: there is no rule 7',
    );
  });
});

/** Addresses are handed out in turn, and leases say since when. */
function withoutSince(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/"(next|since)":("[^"]*"|\d+)/g, '"$1":""'));
}
