/** What hawser itself has to say to a question. */
import type { Answer } from 'dns-packet';
import { type Query, RCODE } from './query.ts';
import type { Reply } from './reply.ts';
import { addressOfReverse } from './reverse.ts';
import { addressesOf, type Names, namesBehind, type View } from './view.ts';

/**
 * Seconds. A name leads to whoever has it now: what a cache kept would lead to an address that
 * somebody else may have by then.
 */
const TTL = 0;

/** The reply, or undefined for a name that is not of these networks: somebody else may know it. */
export function resolve(names: Names, view: View, query: Query): Reply | undefined {
  const { name, type } = query;
  if (!query.isInternet) return undefined;
  const address = addressOfReverse(name);
  if (address !== undefined) {
    const behind = namesBehind(names, view, address);
    if (behind === undefined) return undefined;
    const answers = behind.map((data): Answer => ({ type: 'PTR', name, ttl: TTL, data }));
    if (behind.length === 0) return { rcode: RCODE.unknown, answers: [] };
    return { rcode: RCODE.ok, answers: type === 'PTR' || type === 'ANY' ? answers : [] };
  }
  const [four, six] = ([4, 6] as const).map((family) => addressesOf(names, view, name, family));
  if (four === undefined || six === undefined) return undefined;
  const a = four.map((data): Answer => ({ type: 'A', name, ttl: TTL, data }));
  const aaaa = six.map((data): Answer => ({ type: 'AAAA', name, ttl: TTL, data }));
  // A name that is there without a record of the asked type is no error (RFC 2308 2.2).
  const asked: Record<string, Answer[]> = { A: a, AAAA: aaaa, ANY: [...a, ...aaaa] };
  return { rcode: RCODE.ok, answers: asked[type] ?? [] };
}
