/** What an endpoint may say that it is: its MAC and its addresses, by the port that it speaks through. */
import { parseAddress } from '../../ipam/address.ts';
import { linkLocalOf } from '../mac.ts';
import type { Endpoint, Network } from '../model.ts';
import { parseBridgeOptions } from '../options.ts';
import type { Element } from './elements.ts';

/** @param network undefined if there is no record of it any more */
export function originElements(
  { hostIfname, mac, addresses }: Endpoint,
  network: Network | undefined,
): Element[] {
  // Without a port on a bridge of the host, nothing of it passes by here.
  if (hostIfname === undefined) return [];
  const port = `"${hostIfname}"`;
  if (network !== undefined && !parseBridgeOptions(network.options).spoofProtection) {
    return [{ set: 'spoofing', key: [port] }];
  }
  const own = addresses.map(({ address }) => address);
  const own4 = own.filter((address) => !address.includes(':'));
  const own6 = own.filter((address) => address.includes(':'));
  return [
    { set: 'macs', key: [port, mac] },
    ...own4.map((address) => ({ set: 'own4', key: [port, address] })),
    ...(own6.length === 0 ? [] : claims(port, mac, [...own6, linkLocalOf(mac)])),
  ];
}

/** IPv6 finds neighbours by messages whose fields nft knows as numbers only. */
function claims(port: string, mac: string, addresses: readonly string[]): Element[] {
  return [
    ...addresses.flatMap((address) => [
      { set: 'own6', key: [port, address] },
      { set: 'targets6', key: [port, `0x${parseAddress(address).value.toString(16)}`] },
    ]),
    { set: 'options6', key: [port, `0x${mac.replaceAll(':', '')}`] },
  ];
}
