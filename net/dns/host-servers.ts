/** The servers that the host itself asks, read again when its resolv.conf has changed. */
import { readFileSync, statSync } from 'node:fs';
import { parseResolvConf } from '../etc.ts';

/** How long it is believed without a look at the file (ms). */
const BELIEVED = 1000;

export function hostServers(path: string): () => string[] {
  let servers: string[] = [];
  let looked = 0;
  let changed = 0;
  return () => {
    const now = Date.now();
    if (now - looked < BELIEVED) return servers;
    looked = now;
    const mtime = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (mtime === changed) return servers;
    changed = mtime;
    // An address with a zone (fe80::1%eth0) is one of a link, which a question is not sent by.
    servers =
      mtime === 0
        ? []
        : parseResolvConf(readFileSync(path, 'utf8')).servers.filter((one) => !one.includes('%'));
    return servers;
  };
}
