import { describe, expect, it } from 'vitest';
import { HawserError } from '../../errors.ts';
import { undoing } from '../../net/undo.ts';

describe('undoing', () => {
  it('keeps what was done when all of it was done', () => {
    const log: string[] = [];
    const result = undoing(
      (step) => log.push(step),
      (undo) => {
        undo('a', () => log.push('undo a'));
        return 7;
      },
    );
    expect([result, log]).toEqual([7, ['a']]);
  });

  it('takes steps back in reverse, and lets the cause through as it was', () => {
    const log: string[] = [];
    const cause = new HawserError('taken', 'no');
    const work = () =>
      undoing(
        () => {},
        (undo) => {
          undo('a', () => log.push('a'));
          undo('b', () => log.push('b'));
          throw cause;
        },
      );
    expect(work).toThrow(cause);
    expect(log).toEqual(['b', 'a']);
  });

  it('goes on past an undo that fails, and reports it beside the cause', () => {
    const log: string[] = [];
    const work = () =>
      undoing(
        () => {},
        (undo) => {
          undo('a', () => log.push('a'));
          undo('b', () => {
            throw new Error('stuck');
          });
          throw new HawserError('taken', 'no');
        },
      );
    expect(work).toThrow('no; and it could not be undone wholly: b: stuck');
    expect(log).toEqual(['a']);
  });

  it('takes back the very step that onStep fails at', () => {
    const log: string[] = [];
    const work = () =>
      undoing(
        () => {
          throw new Error('injected');
        },
        (undo) => undo('a', () => log.push('a')),
      );
    expect(work).toThrow('injected');
    expect(log).toEqual(['a']);
  });
});
