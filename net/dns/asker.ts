/** Who asks: an address as bytes in a string, for all the ports that it asks from. */

/** @param from struct sockaddr_in or sockaddr_in6: family, port, and what comes behind */
export function whoOf(from: Buffer): string {
  return `${from.toString('latin1', 0, 2)}\0\0${from.toString('latin1', 4)}`;
}
