import { expect, it } from 'vitest';
import { type Box, disjoint } from '../../net/policy/boxes.ts';

const SIZE = 8n;

/** Numbers that are the same each time (a linear congruential generator, Knuth's constants). */
function numbers(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % (1n << 64n);
    return (state >> 33n) % SIZE;
  };
}

function box(next: () => bigint): Box {
  return [0, 1, 2].map(() => {
    const [a, b] = [next(), next()];
    return a < b ? { first: a, last: b } : { first: b, last: a };
  });
}

const holds = (one: Box, point: bigint[]) =>
  one.every(({ first, last }, i) => first <= (point[i] ?? -1n) && (point[i] ?? -1n) <= last);

it.each([1n, 2n, 3n, 4n, 5n])(
  'every point of the boxes is in one piece, others in none (%s)',
  (seed) => {
    const next = numbers(seed);
    const boxes = Array.from({ length: 6 }, () => box(next));
    const pieces = disjoint(boxes);
    for (let x = 0n; x < SIZE; x++) {
      for (let y = 0n; y < SIZE; y++) {
        for (let z = 0n; z < SIZE; z++) {
          const point = [x, y, z];
          const isInside = boxes.some((one) => holds(one, point));
          expect(pieces.filter((one) => holds(one, point)).length).toBe(isInside ? 1 : 0);
        }
      }
    }
  },
);

it('what lies in another is nothing more, and what is apart stays whole', () => {
  const one: Box = [{ first: 0n, last: 9n }];
  expect(disjoint([one, [{ first: 3n, last: 4n }]])).toEqual([one]);
  expect(disjoint([one, [{ first: 10n, last: 10n }]])).toHaveLength(2);
});
