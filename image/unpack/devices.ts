/**
 * The character devices that an image may bring along: those which every container has anyway
 * (Docker's default device rules). Any other node would be a door to the machine's hardware.
 */
const harmless = new Set([
  '1:3', // null
  '1:5', // zero
  '1:7', // full
  '1:8', // random
  '1:9', // urandom
  '5:0', // tty
  '5:1', // console
  '5:2', // ptmx
]);

export function isHarmless({ major, minor }: { major: number; minor: number }): boolean {
  return harmless.has(`${major}:${minor}`);
}
