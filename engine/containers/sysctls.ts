import { HawserError } from '../../errors.ts';
import type { NetworkConfig } from '../container.ts';
import { quote } from '../names.ts';

/** The kernel parameters that belong to a namespace, so that a container sets only its own. */
const IPC = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

export function checkSysctls(
  sysctls: Record<string, string>,
  mode: NetworkConfig['mode']['kind'],
  attempt: string,
): void {
  for (const name of Object.keys(sysctls)) {
    if (IPC.has(name) || name.startsWith('fs.mqueue.')) continue;
    // The name becomes a path below /proc/sys.
    if (!/^net(\.[a-zA-Z0-9_-]+)+$/.test(name)) {
      throw new HawserError(
        'invalid',
        `${attempt}: sysctl ${quote(name)} does not belong to a namespace, so it would change the whole host`,
      );
    }
    if (mode !== 'own') {
      throw new HawserError(
        'invalid',
        `${attempt}: sysctl ${name} would change a network namespace that is not the container's own`,
      );
    }
  }
}
