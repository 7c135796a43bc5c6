import { HawserError } from '../errors.ts';
import type { Network } from '../net/model.ts';
import type { ContainerRecord } from './container.ts';
import { connectContainer, disconnectContainer } from './containers/connect.ts';
import type { Context } from './context.ts';
import type { Networks } from './engine.ts';
import { plain } from './names.ts';

export function openNetworks(context: Context): Networks {
  const { networking, store } = context;
  const { networks } = networking;

  /** The containers that are, or at their next start will be, attached to it. */
  function users(network: Network): ContainerRecord[] {
    return context.records
      .all()
      .filter((record) => record.network.attachments.some((on) => on.network === network.id));
  }

  function refuseUsed(network: Network): void {
    const [user] = users(network);
    if (!user) return;
    throw new HawserError(
      'in-use',
      `remove network ${network.name}: container ${user.name} is connected to it`,
      { hint: `take it off first: hawser network disconnect ${network.name} ${user.name}` },
    );
  }

  return {
    create: (spec) => networks.create(spec),
    list: () => networks.list(),
    inspect: (ref) => {
      const network = networks.get(ref, `inspect network ${plain(ref)}`);
      return { ...network, endpoints: networking.endpoints({ network: network.id }) };
    },
    remove: (ref) => networks.remove(ref, refuseUsed),
    prune: () => store.transaction(() => networks.prune((network) => users(network).length > 0)),
    connect: (network, container, options = {}) =>
      connectContainer(context, network, container, options),
    disconnect: (network, container, options = {}) =>
      disconnectContainer(context, network, container, options),
  };
}
