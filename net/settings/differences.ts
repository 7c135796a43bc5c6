/** Kernel settings that are not what hawser made them: found and mended alike on the host and inside. */
import { inNetns } from '../../native/netns.ts';
import type { Difference } from '../repair/difference.ts';
import { ensureSysctl, readSysctl } from './sysctl.ts';

/**
 * @param wanted by their paths under /proc/sys/net; what this kernel does not have is as it should be
 * @param where the namespace, and whose it is; without it, the one that the thread is in
 */
export function settingDifferences(
  wanted: Record<string, string>,
  where?: { netns: string; who: string },
): Difference[] {
  const there = <T>(work: () => T): T =>
    where === undefined ? work() : (inNetns(where.netns, () => ({ result: work() })).result as T);
  const whose = where === undefined ? '' : `${where.who}: `;
  return there(() =>
    Object.entries(wanted).flatMap(([path, value]) => {
      const present = readSysctl(path);
      if (present === undefined || present === value) return [];
      const what = `${whose}net.${path.replaceAll('/', '.')} is ${present} instead of ${value}`;
      return [{ kind: 'sysctl', what, mend: () => there(() => void ensureSysctl(path, value)) }];
    }),
  );
}
