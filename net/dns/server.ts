/** The responder: one loop over its sockets, until nobody on this host has a name any more. */

import { setImmediate } from 'node:timers/promises';
import { openPoller } from '../../native/epoll.ts';
import { close } from '../../native/libc.ts';
import type { Store } from '../../store/store.ts';
import { openRecords } from '../records.ts';
import { openDatagrams } from './datagrams.ts';
import { openDirectory } from './directory.ts';
import { openForwarder } from './forward.ts';
import { hostServers } from './host-servers.ts';
import { openLocal } from './local.ts';
import { openStreams } from './streams.ts';

export interface ServerOptions {
  store: Store;
  /** Descriptors of sockets that listen, which are closed in the end. */
  sockets: { udp: number; tcp: number };
  /** The host's resolv.conf. */
  resolvConf: string;
  /** False once somebody else does this, or the state is gone. */
  isWanted: () => boolean;
  /** Called when nobody has a name, inside a transaction, with the sockets closed: the last word. */
  leave: () => void;
}

/**
 * What node is started with for this: it holds little and lives long, so the space for what is young
 * is small, and there are no threads that it has no use for.
 */
export const NODE_FLAGS = [
  '--max-semi-space-size=1',
  '--v8-pool-size=0',
  '--max-old-space-size=32',
];

/** How often it looks whether time is up for anything (ms): with something under way, and without. */
const TICK = { busy: 100, idle: 1000 };

/** Without a question for so long (ms), more are not expected at once. */
const QUIET = 20;

/** So many rounds of questions are answered in a row before Node has its turn. */
const ROUNDS = 64;

/** Answers names, until there are none left. */
export async function serveNames(options: ServerOptions): Promise<void> {
  const { store, sockets, resolvConf, isWanted, leave } = options;
  const directory = openDirectory(store);
  const names = { records: openRecords(store), directory };
  const poller = openPoller();
  const local = openLocal(names);
  const forwarder = openForwarder(poller, hostServers(resolvConf));
  const parts = [
    openDatagrams({ poller, local, forwarder, fd: sockets.udp }),
    openStreams({ poller, local, forwarder, fd: sockets.tcp }),
    forwarder,
  ];

  let swept = Date.now();
  for (let round = 1; ; round++) {
    const isQuiet = poller.wait(QUIET) === 0;
    const now = Date.now();
    if (now - swept >= TICK.busy) {
      swept = now;
      for (const part of parts) part.expire(now);
      if (!isWanted() || (directory.isEmpty() && left())) return;
    }
    if (isQuiet || round % ROUNDS === 0) {
      // Each read of the store leaves a timer behind, which goes only as Node's own loop turns.
      await setImmediate();
    }
    if (isQuiet) {
      store.release();
      poller.wait(parts.some((part) => part.isBusy()) ? TICK.busy : TICK.idle);
    }
  }

  function left(): boolean {
    return store.transaction(() => {
      if (!directory.isEmpty()) return false;
      for (const fd of [sockets.udp, sockets.tcp]) {
        poller.forget(fd);
        close(fd);
      }
      poller.close();
      leave();
      return true;
    });
  }
}
