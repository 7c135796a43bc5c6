/** Events as they come, from whichever process: nobody tells the follower, it looks. */
import type { Event, EventOptions } from '../event.ts';
import type { EventLog } from './log.ts';
import { matches } from './matches.ts';

/** Milliseconds between two looks into the log; one is the read of one key. */
const INTERVAL = 50;

/** What comes after this call, or what is remembered since a moment and all that comes after. */
export function followEvents(log: EventLog, options: EventOptions): AsyncIterable<Event> {
  return follow(log, options, options.since === undefined ? log.newest() : 0);
}

async function* follow(
  log: EventLog,
  { since, until, filters = {}, signal }: EventOptions,
  start: number,
): AsyncGenerator<Event> {
  let position = start;
  for (;;) {
    // Asked before reading: what happens until then has been written down by then.
    const over = until !== undefined && until.getTime() <= Date.now();
    for (const [at, event] of log.after(position)) {
      position = at;
      if (isWithin(event, since, until) && matches(event, filters)) yield event;
      if (signal?.aborted) return;
    }
    if (over || (await pause(until, signal))) return;
  }
}

function isWithin({ time }: Event, since: Date | undefined, until: Date | undefined): boolean {
  const moment = Date.parse(time);
  return (
    (since === undefined || moment >= since.getTime()) &&
    (until === undefined || moment < until.getTime())
  );
}

/** Until the next look, or `until` if that is sooner; true if the signal has come meanwhile. */
function pause(until: Date | undefined, signal: AbortSignal | undefined): Promise<boolean> {
  const left = until === undefined ? INTERVAL : Math.max(until.getTime() - Date.now(), 0);
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve(signal?.aborted === true);
    };
    const timer = setTimeout(end, Math.min(INTERVAL, left));
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}
