import { readLogs } from '../../runtime/logs.ts';
import type { Context } from '../context.ts';
import type { Containers } from '../engine.ts';
import { containerNews } from '../events/news.ts';
import { isAlive } from '../liveness.ts';
import { plain } from '../names.ts';
import { createContainer } from './create.ts';
import { execInContainer } from './exec.ts';
import { listContainers, showContainer } from './list.ts';
import { settleContainer } from './settle.ts';
import { startContainer } from './start.ts';
import {
  killContainer,
  openSession,
  removeContainer,
  stopContainer,
  waitContainer,
} from './stop.ts';

/** The library's calls on containers, each in a file of its own. */
export function openContainers(context: Context): Containers {
  const { records, paths, events } = context;
  return {
    create: (request) => showContainer(context, createContainer(context, request)),
    start: (ref, options = {}) => startContainer(context, ref, options),
    exec: (ref, request) => execInContainer(context, ref, request),
    stop: (ref, options = {}) => stopContainer(context, ref, options),
    kill: (ref, signal) => killContainer(context, ref, signal),
    wait: (ref) => waitContainer(context, ref),
    remove: (ref, options = {}) => removeContainer(context, ref, options),
    settle: (id, exit) => settleContainer(context, id, exit),
    list: (options = {}) => listContainers(context, options),
    inspect: (ref) => showContainer(context, records.find(ref, `inspect ${plain(ref)}`)),

    async attach(ref) {
      const record = records.find(ref, `attach to ${plain(ref)}`);
      const session = await openSession(context, record, `attach to ${record.name}`, {
        stdin: record.process.stdin,
        output: true,
      });
      events.add(containerNews(record, 'attach'));
      return session;
    },

    logs(ref, options = {}) {
      const record = records.find(ref, `read the log of ${plain(ref)}`);
      return readLogs(paths.container(record.id).log, options, () => !isAlive(record, paths));
    },
  };
}
