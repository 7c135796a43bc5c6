/** The responder: one loop over its sockets, until nobody on this host has a name any more. */

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

/** Answers names; returns when there are none left. It is synchronous to its end. */
export function serveNames({ store, sockets, resolvConf, isWanted, leave }: ServerOptions): void {
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
  for (;;) {
    poller.wait(parts.some((part) => part.isBusy()) ? TICK.busy : TICK.idle);
    const now = Date.now();
    if (now - swept < TICK.busy) continue;
    swept = now;
    for (const part of parts) part.expire(now);
    if (!isWanted() || (directory.isEmpty() && left())) return;
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
