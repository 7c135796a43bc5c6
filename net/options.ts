/** A network's options by Docker's names, `-o NAME=VALUE`, and what they mean here. */
import { HawserError } from '../errors.ts';
import { checkInterfaceName } from './names.ts';

export interface BridgeOptions {
  /** The bridge's interface name. */
  bridge?: string;
  /** Bytes; default: the host's default route's. */
  mtu?: number;
  /** Whether the network's containers reach one another (inter-container connectivity). */
  icc: boolean;
  /** Whether its containers may be reached, but begin no connection themselves. */
  answersOnly: boolean;
  /** Whether what leaves the host bears the host's address. */
  masquerade: boolean;
  /** What interfaces in containers are called, before the number. */
  ifPrefix: string;
  /** Whether a container is held to its own MAC and addresses. */
  spoofProtection: boolean;
}

export const OPTION = {
  bridge: 'com.docker.network.bridge.name',
  icc: 'com.docker.network.bridge.enable_icc',
  isolate: 'isolate',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  mtu: 'com.docker.network.driver.mtu',
  ifPrefix: 'com.docker.network.container_iface_prefix',
  spoofProtection: 'hawser.spoof-protection',
} as const;

/**
 * Reads the options of a bridge network.
 *
 * @throws HawserError 'invalid' for an unknown name or an impossible value
 */
export function parseBridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  const parsed: BridgeOptions = {
    icc: true,
    answersOnly: false,
    masquerade: true,
    ifPrefix: 'eth',
    spoofProtection: true,
  };
  for (const [name, value] of Object.entries(options)) {
    switch (name) {
      case OPTION.bridge:
        checkBridgeName(value);
        parsed.bridge = value;
        break;
      case OPTION.icc:
        parsed.icc = parseBoolean(name, value);
        break;
      case OPTION.isolate:
        parsed.answersOnly = parseIsolate(name, value);
        break;
      case OPTION.masquerade:
        parsed.masquerade = parseBoolean(name, value);
        break;
      case OPTION.mtu:
        parsed.mtu = parseMtu(name, value);
        break;
      case OPTION.ifPrefix:
        parsed.ifPrefix = parseIfPrefix(value);
        break;
      case OPTION.spoofProtection:
        parsed.spoofProtection = parseBoolean(name, value);
        break;
      default:
        throw unknownOption(name, Object.values(OPTION));
    }
  }
  return parsed;
}

export function unknownOption(name: string, known: readonly string[]): HawserError {
  return new HawserError('invalid', `network option ${JSON.stringify(name)} is not known`, {
    hint: `known are ${known.join(', ')}`,
  });
}

/** It must leave room for a number. */
export function parseIfPrefix(value: string): string {
  checkInterfaceName(`${value}000`);
  return value;
}

/** What interfaces in containers are called on a network of any driver, before the number. */
export function ifPrefixOf(options: Readonly<Record<string, string>>): string {
  return options[OPTION.ifPrefix] ?? 'eth';
}

/** Narrower than the kernel: it is written into the firewall's language, where `*` and `"` mean more. */
function checkBridgeName(name: string): void {
  checkInterfaceName(name);
  if (/^[a-zA-Z0-9_.-]+$/.test(name)) return;
  throw new HawserError(
    'invalid',
    `bridge name ${JSON.stringify(name)} may have letters, digits, _ . -`,
  );
}

function parseBoolean(name: string, value: string): boolean {
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw new HawserError(
    'invalid',
    `network option ${name} is true or false, not ${JSON.stringify(value)}`,
  );
}

/** Networks are always isolated from one another: `true` says what is so. */
function parseIsolate(name: string, value: string): boolean {
  if (value === 'strict' || value === 'true') return value === 'strict';
  throw new HawserError(
    'invalid',
    `network option ${name} is true or strict, not ${JSON.stringify(value)}`,
  );
}

/** 68 is IPv4's smallest (RFC 791), 65535 what an IPv4 packet can hold. */
export function parseMtu(name: string, value: string): number {
  const mtu = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (mtu >= 68 && mtu <= 65535) return mtu;
  throw new HawserError(
    'invalid',
    `network option ${name} is 68 to 65535, not ${JSON.stringify(value)}`,
  );
}
