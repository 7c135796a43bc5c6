/**
 * The log of events: a table of the store, so that an event is there if and only if what it tells has
 * been done, whoever did it, and whatever became of them afterwards.
 */
import type { Store } from '../../store/store.ts';
import type { Event } from '../event.ts';

/** An event that happens now. */
export type News = Omit<Event, 'time'>;

export interface EventLog {
  /** Within the caller's transaction if there is one. */
  add(...news: News[]): void;
  /** The position of the newest event; 0 if there was none yet. */
  newest(): number;
  /** Those after a position, oldest first, with their own. */
  after(position: number): Iterable<[position: number, event: Event]>;
}

/** So many are remembered: some 4 MB. */
const MOST = 10_000;
const DIGITS = 12;

export function openEventLog(store: Store): EventLog {
  const events = store.table<Event>('events');

  function newest(): number {
    const [last] = events.entries({ reverse: true, limit: 1 });
    return last === undefined ? 0 : Number(last[0]);
  }

  return {
    newest,
    add(...news) {
      if (news.length === 0) return;
      store.transaction(() => {
        const time = new Date().toISOString();
        let position = newest();
        for (const one of news) {
          position++;
          events.put(keyOf(position), { time, ...one });
          if (position > MOST) events.remove(keyOf(position - MOST));
        }
      });
    },
    *after(position) {
      for (const [key, event] of events.entries({ from: keyOf(position + 1) })) {
        yield [Number(key), event];
      }
    },
  };
}

function keyOf(position: number): string {
  return `${position}`.padStart(DIGITS, '0');
}
