import { expect, test } from 'vitest';
import { FrameReader, frame } from '../../native/frames.ts';

test('frames are put together however the stream was cut', () => {
  const bytes = Buffer.concat([
    frame('R'),
    frame('1', Buffer.from('hello')),
    frame('2', Buffer.alloc(300, 7)),
  ]);
  const whole = ['R:', '1:hello', `2:${'\x07'.repeat(300)}`];
  for (let size = 1; size <= bytes.length; size++) {
    const seen: string[] = [];
    const reader = new FrameReader((type, payload) => seen.push(`${type}:${payload}`));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    expect(seen).toEqual(whole);
  }
});

test('a frame is type, little-endian size, payload', () => {
  expect(frame('W', Buffer.of(1, 2, 3))).toEqual(Buffer.of(0x57, 3, 0, 0, 0, 1, 2, 3));
});
