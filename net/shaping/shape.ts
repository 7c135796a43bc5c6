/** Bounding an endpoint anew while it is in use. */
import { HawserError } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import { attempting } from '../attempting.ts';
import type { NetContext } from '../context.ts';
import type { Endpoint, Shaping } from '../model.ts';
import { plain } from '../names.ts';
import type { ShapeRequest, ShapingChange } from '../request.ts';
import { undoing } from '../undo.ts';
import { checkBurst, checkShaping, shape } from './queues.ts';

/** What a change makes of the bounds there are: undefined if none is left. */
export function reshaped(before: Shaping, change: ShapingChange): Shaping | undefined {
  const pick = (name: keyof Shaping) =>
    change[name] === undefined ? before[name] : (change[name] ?? undefined);
  const [egressRate, ingressRate, burst] = [pick('egressRate'), pick('ingressRate'), pick('burst')];
  const isBound = egressRate !== undefined || ingressRate !== undefined;
  if (!isBound && (change.burst ?? undefined) === undefined) return undefined;
  return {
    ...(egressRate !== undefined && { egressRate }),
    ...(ingressRate !== undefined && { ingressRate }),
    ...(burst !== undefined && { burst }),
  };
}

export function reshape(context: NetContext, request: ShapeRequest): Endpoint {
  const { records, store, step } = context;
  const [one] = records.endpoints({ sandbox: request.sandbox });
  const who = one?.owner ?? plain(request.sandbox);
  const where = records.network(request.network)?.name ?? plain(request.network);
  return attempting(`shape ${who} on ${where}`, () =>
    store.transaction(() => {
      const network = records.findNetwork(request.network);
      const [found] = records.endpoints({ sandbox: request.sandbox, network: network.id });
      if (found === undefined) throw new HawserError('not-found', 'it is not attached to it');
      const { shaping = {}, ...rest } = found;
      const wanted = reshaped(shaping, request);
      checkShaping(network, wanted ?? {});
      checkBurst(wanted ?? {}, found.mtu);
      const endpoint = wanted === undefined ? rest : { ...rest, shaping: wanted };
      using rtnl = Rtnetlink.open();
      undoing(step, (undo) => {
        records.putEndpoint(endpoint);
        undo('shape:record', () => {
          records.putEndpoint(found);
          shape(found, rtnl);
        });
        shape(endpoint, rtnl);
        step('shape:queues');
      });
      return endpoint;
    }),
  );
}
