/** A network's policy, changed under live traffic: one transaction of the firewall. */
import { HawserError, prefixed } from '../../errors.ts';
import { Rtnetlink } from '../../native/rtnetlink/rtnetlink.ts';
import type { NetContext } from '../context.ts';
import { DEFAULT_NETWORK } from '../default-network.ts';
import type { Network } from '../model.ts';
import { plain } from '../names.ts';
import { ensureDefaultNetwork } from '../networks.ts';
import { noteSilenced } from '../ports/loopback.ts';
import { expectedElements } from '../repair/truth.ts';
import { undoing } from '../undo.ts';
import { allowHairpins, checkSupport, filterBridged } from './bridged.ts';
import { policyElements } from './elements.ts';
import { exchange } from './exchange.ts';
import {
  type Policy,
  type PolicyRule,
  type PolicyRuleRequest,
  parseRule,
  parseSelector,
  type Verdict,
} from './policy.ts';

/** What is allowed where nothing is said. */
const NONE: Policy = { default: 'allow', rules: [] };

/** A network's policy; one that allows all where none was made. */
export function policyOf({ records }: NetContext, ref: string): Policy {
  if (ref === DEFAULT_NETWORK && records.networkNamed(ref) === undefined) return NONE;
  return records.findNetwork(ref, `read the policy of ${plain(ref)}`).policy ?? NONE;
}

/** What becomes of connections that no rule speaks of. */
export function setDefault(context: NetContext, ref: string, verdict: Verdict): void {
  change(context, ref, (policy) => ({ ...policy, default: verdict }));
}

/** @throws HawserError 'invalid' for a selector or port that means nothing, 'unsupported' without br_netfilter */
export function addRule(context: NetContext, ref: string, request: PolicyRuleRequest): PolicyRule {
  const after = change(context, ref, ({ rules, ...rest }) => {
    const id = Math.max(0, ...rules.map((rule) => rule.id)) + 1;
    return { ...rest, rules: [...rules, parseRule(request, id)] };
  });
  const added = after.rules.at(-1);
  if (added === undefined) throw new TypeError('a policy lost the rule it was given');
  noteAbsent(context, ref, added);
  return added;
}

/** A name that nobody has may be somebody's who comes, or a slip: a denial of nobody denies nothing. */
function noteAbsent({ records, note }: NetContext, ref: string, { from, to }: PolicyRule): void {
  const { id, name } = records.findNetwork(ref);
  const owners = new Set(records.endpoints({ network: id }).map(({ owner }) => owner));
  for (const text of new Set([from, to])) {
    const selector = parseSelector(text);
    if (selector.kind === 'name' && !owners.has(selector.name)) {
      note(`no container of network ${name} is called ${selector.name} yet`);
    }
  }
}

/** @param ids all if undefined */
export function removeRules(context: NetContext, ref: string, ids?: readonly number[]): void {
  change(context, ref, ({ rules, ...rest }) => {
    const missing = ids?.find((id) => !rules.some((rule) => rule.id === id));
    if (missing !== undefined) {
      throw new HawserError('not-found', `there is no rule ${missing}`, {
        hint: `see: hawser network policy ls ${plain(ref)}`,
      });
    }
    return { ...rest, rules: rules.filter(({ id }) => ids !== undefined && !ids.includes(id)) };
  });
}

/** Another policy in the place of the one there is, as a whole. */
export function replacePolicy(
  context: NetContext,
  ref: string,
  policy: { default: Verdict; rules: readonly PolicyRuleRequest[] },
): Policy {
  return change(context, ref, () => ({
    default: policy.default,
    rules: policy.rules.map((rule, i) => parseRule(rule, i + 1)),
  }));
}

function change(context: NetContext, ref: string, next: (policy: Policy) => Policy): Policy {
  const { records, firewall, store, step, note } = context;
  const attempt = `change the policy of ${plain(ref)}`;
  if (ref === DEFAULT_NETWORK) ensureDefaultNetwork(context);
  return store.transaction(() => {
    const before = records.findNetwork(ref, attempt);
    const policy = prefixed(attempt, () => next(before.policy ?? NONE));
    const { policy: _, ...bare } = before;
    const isNone = policy.default === 'allow' && policy.rules.length === 0;
    const after: Network = isNone ? bare : { ...bare, policy };
    prefixed(attempt, () => checkSupport(after));
    const endpoints = records.endpoints({ network: before.id });
    using rtnl = Rtnetlink.open();
    undoing(step, (undo) => {
      records.putNetwork(after);
      undo('policy:record', () => records.putNetwork(before));
      if ((before.policy === undefined) !== isNone) {
        filterBridged(after, rtnl);
        if (!isNone) {
          allowHairpins(endpoints, rtnl);
          noteSilenced(endpoints, note);
        }
        undo('policy:bridge', () => filterBridged(before, rtnl));
      }
      const { gone, added } = exchange(
        policyElements(before, endpoints),
        policyElements(after, endpoints),
      );
      const truth = () => expectedElements(records);
      firewall.replace(gone, added, truth);
      undo('policy:firewall', () => firewall.replace(added, gone, truth));
      store.ifLost(() => {
        using rtnl = Rtnetlink.open();
        firewall.replace(added, gone, truth);
        filterBridged(before, rtnl);
      });
    });
    return policy;
  });
}
