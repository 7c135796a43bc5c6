/** Boxes: an interval in each of some dimensions. Their union, cut so that no two pieces overlap. */
import type { Interval } from '../../ipam/subnet.ts';

export type Box = readonly Interval[];

/** Sets of intervals in nftables hold no two elements that overlap. */
export function disjoint(boxes: readonly Box[]): Box[] {
  const done: Box[] = [];
  for (const box of boxes) {
    const rest = done.reduce<Box[]>(
      (pieces, other) => pieces.flatMap((piece) => subtract(piece, other)),
      [box],
    );
    done.push(...rest);
  }
  return done;
}

/** What of a box is outside another, in pieces that do not overlap. */
function subtract(box: Box, other: Box): Box[] {
  if (!box.every((side, i) => meet(side, other[i]))) return [box];
  const pieces: Box[] = [];
  let rest = box;
  for (const [i, side] of box.entries()) {
    const cut = other[i] ?? side;
    const put = (interval: Interval) => rest.map((one, at) => (at === i ? interval : one));
    let { first, last } = side;
    if (first < cut.first) {
      pieces.push(put({ first, last: cut.first - 1n }));
      first = cut.first;
    }
    if (cut.last < last) {
      pieces.push(put({ first: cut.last + 1n, last }));
      last = cut.last;
    }
    rest = put({ first, last });
  }
  return pieces;
}

function meet(a: Interval, b: Interval | undefined): boolean {
  return b !== undefined && a.first <= b.last && b.first <= a.last;
}
