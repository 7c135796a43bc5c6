/** How the queues in the kernel differ from what the endpoints say. */
import { isRedirected, qdiscs } from '../../native/rtnetlink/queues.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { hostIfnameOf, ifbNameOf } from '../kernel-names.ts';
import type { Endpoint } from '../model.ts';
import type { Difference } from '../repair/difference.ts';
import { bucket, shape } from './queues.ts';

export function shapingDifferences(endpoints: readonly Endpoint[]): Difference[] {
  using rtnl = Rtnetlink.open();
  const rates = new Map(
    qdiscs(rtnl)
      .filter(({ kind }) => kind === 'tbf')
      .map(({ link, rate }) => [link, rate]),
  );
  const rateOf = (name: string) => rates.get(rtnl.link(name)?.index ?? 0);
  return endpoints.flatMap((endpoint) => {
    const { key, owner, ifname, hostIfname, shaping = {} } = endpoint;
    if (hostIfname === undefined) return [];
    const { egressRate, ingressRate } = shaping;
    const [host, ifb] = [hostIfnameOf(key), ifbNameOf(key)];
    const differs = (what: string): Difference => ({
      kind: 'shaping',
      what: `${owner}: what ${ifname} ${what}`,
      mend() {
        using rtnl = Rtnetlink.open();
        shape(endpoint, rtnl);
      },
    });
    const bound = (bits: number | undefined) => bits && bucket(endpoint, bits).rate;
    const isLed = egressRate === undefined || (rtnl.link(ifb)?.up && isLedTo(host, rtnl));
    return [
      ...(rateOf(host) === bound(ingressRate)
        ? []
        : [differs('receives is not bounded as it was')]),
      ...(isLed && rateOf(ifb) === bound(egressRate)
        ? []
        : [differs('sends is not bounded as it was')]),
    ];
  });
}

function isLedTo(host: string, rtnl: Rtnetlink): boolean {
  return rtnl.link(host) !== undefined && isRedirected(rtnl, host);
}
