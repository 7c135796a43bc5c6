/** The names by which addresses are asked for (RFC 1035 3.5, RFC 3596 2.5). */
import { formatAddress, parseAddress } from '../../ipam/address.ts';

/** `2.0.5.10.in-addr.arpa` is 10.5.0.2; undefined for what is no whole address. */
export function addressOfReverse(name: string): string | undefined {
  const [, four] = /^((?:\d{1,3}\.){4})in-addr\.arpa\.?$/i.exec(name) ?? [];
  if (four !== undefined) {
    const parts = four.split('.').slice(0, 4).map(Number).reverse();
    return parts.every((part) => part < 256) ? parts.join('.') : undefined;
  }
  const [, six] = /^((?:[0-9a-f]\.){32})ip6\.arpa\.?$/i.exec(name) ?? [];
  const groups = six?.replaceAll('.', '').split('').reverse().join('').match(/.{4}/g);
  return groups ? formatAddress(parseAddress(groups.join(':'))) : undefined;
}
