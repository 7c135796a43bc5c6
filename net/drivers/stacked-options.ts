/** The options of macvlan and ipvlan networks, by Docker's names. */
import { HawserError } from '../../errors.ts';
import type { IpvlanFlag, IpvlanMode, MacvlanMode } from '../../native/rtnetlink/stacked.ts';
import { checkInterfaceName } from '../names.ts';
import { OPTION, parseIfPrefix, parseMtu, unknownOption } from '../options.ts';

export interface StackedOptions {
  /** The interface of the host that the network's links stand on. */
  parent?: string;
  /** Bytes; default: the parent's. */
  mtu?: number;
  stacking:
    | { kind: 'macvlan'; mode: MacvlanMode }
    | { kind: 'ipvlan'; mode: IpvlanMode; flag: IpvlanFlag };
}

const MACVLAN_MODES = ['bridge', 'private', 'vepa', 'passthru'] as const;
const IPVLAN_MODES = ['l2', 'l3', 'l3s'] as const;
const IPVLAN_FLAGS = ['bridge', 'private', 'vepa'] as const;

/** @throws HawserError 'invalid' for an unknown name or an impossible value */
export function parseStackedOptions(
  driver: 'macvlan' | 'ipvlan',
  options: Readonly<Record<string, string>>,
): StackedOptions {
  const parsed: StackedOptions = {
    stacking:
      driver === 'macvlan'
        ? { kind: driver, mode: 'bridge' }
        : { kind: driver, mode: 'l2', flag: 'bridge' },
  };
  const { stacking } = parsed;
  for (const [name, value] of Object.entries(options)) {
    if (name === 'parent') {
      checkInterfaceName(value);
      parsed.parent = value;
    } else if (name === 'macvlan_mode' && stacking.kind === 'macvlan') {
      stacking.mode = oneOf(name, value, MACVLAN_MODES);
    } else if (name === 'ipvlan_mode' && stacking.kind === 'ipvlan') {
      stacking.mode = oneOf(name, value, IPVLAN_MODES);
    } else if (name === 'ipvlan_flag' && stacking.kind === 'ipvlan') {
      stacking.flag = oneOf(name, value, IPVLAN_FLAGS);
    } else if (name === OPTION.mtu) {
      parsed.mtu = parseMtu(name, value);
    } else if (name === OPTION.ifPrefix) {
      parseIfPrefix(value);
    } else {
      throw unknownOption(name, knownTo(driver));
    }
  }
  return parsed;
}

function knownTo(driver: 'macvlan' | 'ipvlan'): string[] {
  const own = driver === 'macvlan' ? ['macvlan_mode'] : ['ipvlan_mode', 'ipvlan_flag'];
  return ['parent', ...own, OPTION.mtu, OPTION.ifPrefix];
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new HawserError(
    'invalid',
    `network option ${name} is one of ${choices.join(', ')}, not ${JSON.stringify(value)}`,
  );
}

/** Whether all links on the parent have the parent's own MAC. */
export function sharesMac({ kind, mode }: StackedOptions['stacking']): boolean {
  return kind === 'ipvlan' || mode === 'passthru';
}
