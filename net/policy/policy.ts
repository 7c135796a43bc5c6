/** What a network's policy is, as plain data, and the text that people write it in. */
import { isIP } from 'node:net';
import { HawserError } from '../../errors.ts';
import { formatSubnet, parseSubnet } from '../../ipam/subnet.ts';
import type { Protocol } from '../model.ts';
import { plain } from '../names.ts';

export type Verdict = 'allow' | 'deny';

/** Who may begin a connection to whom on a network: denied if a rule denies it, else allowed if a rule allows it, else `default`. */
export interface Policy {
  default: Verdict;
  rules: PolicyRule[];
}

export interface PolicyRule {
  /** Its number on this network, from 1 on; not given again while a later one is there. */
  id: number;
  verdict: Verdict;
  /** Selectors: `any`, a container's name, `label=KEY[=VALUE]`, an address, a subnet; `to` also `host`. */
  from: string;
  to: string;
  /** The ports connected to; none means all, of all protocols. */
  ports: PolicyPort[];
}

export interface PolicyPort {
  protocol: Protocol;
  first: number;
  last: number;
}

/** Selectors and ports (`5432`, `5432/tcp`, `8000-8999/udp`) as people write them. */
export interface PolicyRuleRequest {
  verdict: Verdict;
  /** Default: any. */
  from?: string;
  /** Default: any. */
  to?: string;
  ports?: string[];
}

export type Selector =
  | { kind: 'any' }
  | { kind: 'host' }
  | { kind: 'name'; name: string }
  | { kind: 'label'; key: string; value?: string }
  | { kind: 'subnet'; subnet: string };

/** @throws HawserError 'invalid' */
export function parseRule(request: PolicyRuleRequest, id: number): PolicyRule {
  const { verdict, from = 'any', to = 'any', ports = [] } = request;
  if (parseSelector(from).kind === 'host') {
    throw new HawserError(
      'invalid',
      'from host: the host reaches its containers whatever the policy',
    );
  }
  parseSelector(to);
  return { id, verdict, from, to, ports: ports.map(parsePolicyPort) };
}

/** @throws HawserError 'invalid' */
export function parseSelector(text: string): Selector {
  if (text === 'any' || text === 'host') return { kind: text };
  const [, key, value] = /^label=([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
  if (key !== undefined) return { kind: 'label', key, ...(value !== undefined && { value }) };
  if (isIP(text) !== 0)
    return { kind: 'subnet', subnet: `${text}/${text.includes(':') ? 128 : 32}` };
  if (text.includes('/')) return { kind: 'subnet', subnet: formatSubnet(parseSubnet(text)) };
  if (/^\d+(\.\d+)+$/.test(text)) {
    throw new HawserError('invalid', `${plain(text)} is no address`, {
      hint: `name=${text}, if a container is called so`,
    });
  }
  const [, name] = /^(?:name=)?([a-zA-Z0-9][a-zA-Z0-9_.-]*)$/.exec(text) ?? [];
  if (name !== undefined) return { kind: 'name', name };
  throw new HawserError('invalid', `${plain(text)} selects nobody`, {
    hint: 'any, host, a name, label=KEY[=VALUE], an address or a subnet',
  });
}

function parsePolicyPort(text: string): PolicyPort {
  const [, from = '', to = from, protocol = 'tcp'] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '' || first < 1 || last < first || last > 65535) {
    throw new HawserError('invalid', `port ${plain(text)} has the form PORT[-LAST][/tcp|udp]`);
  }
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', first, last };
}
