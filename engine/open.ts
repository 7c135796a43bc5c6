import { HawserError, prefixed } from '../errors.ts';
import { openImages } from '../image/images.ts';
import { openIpam } from '../ipam/ipam.ts';
import { closeOnExec } from '../native/libc.ts';
import { DEFAULT_NETWORK } from '../net/default-network.ts';
import { openNetworking } from '../net/networking.ts';
import { openCgroups } from '../runtime/cgroup/open.ts';
import { openStore } from '../store/lmdb.ts';
import { ensureAnswerer, reviveAnswerer } from './answerer.ts';
import { openContainers } from './containers/containers.ts';
import type { Context } from './context.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { followEvents } from './events/follow.ts';
import { openEventLog } from './events/log.ts';
import { changesOf, networkNews } from './events/news.ts';
import { openImageFront } from './images.ts';
import { isAlive } from './liveness.ts';
import { openNetworks } from './networks.ts';
import { ensurePrivate, layout, refuseForeignRoot } from './paths.ts';
import { predefinedId } from './predefined.ts';
import { openRecords } from './records.ts';
import { openSystem } from './system.ts';

const CGROUP_PARENT = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*(\/[a-zA-Z0-9_-][a-zA-Z0-9_.-]*)*$/;

/**
 * Opens hawser on a state directory, which is made if there is none.
 *
 * @throws HawserError `permission` if the caller is not root, `corrupt` if the directory is somebody
 *   else's or damaged
 */
export function openEngine(options: EngineOptions = {}): Engine {
  if (process.geteuid?.() !== 0) {
    throw new HawserError(
      'permission',
      'open hawser: it needs root, to make namespaces and interfaces',
      {
        hint: 'try: sudo hawser ...',
      },
    );
  }
  const paths = layout(options);
  const cgroupParent = options.cgroupParent ?? process.env.HAWSER_CGROUP_PARENT ?? 'hawser';
  if (!CGROUP_PARENT.test(cgroupParent)) {
    throw new HawserError(
      'invalid',
      `use ${JSON.stringify(cgroupParent)} as parent cgroup: it is no relative path of plain names`,
    );
  }
  refuseForeignRoot(paths);
  ensurePrivate(paths.run);
  const store = prefixed(`use ${paths.root} as --root`, () =>
    openStore(paths.state, { closeOnExec }),
  );
  const step = options.onStep ?? (() => {});
  const note = options.onNote ?? (() => {});
  const events = openEventLog(store);
  const networking = openNetworking({
    store,
    ipam: openIpam(store),
    defaultNetworkId: predefinedId(paths.root, DEFAULT_NETWORK),
    outlivesPin: ({ id }) => {
      const record = context.records.get(id);
      return record !== undefined && isAlive(record, paths);
    },
    onChange: (change) => events.add(networkNews(change)),
    onStep: step,
    onNote: note,
  });
  const context: Context = {
    store,
    paths,
    networking,
    cgroups: once(openCgroups),
    cgroupParent,
    note,
    step,
    records: openRecords(store, (before, after) => events.add(...changesOf(before, after))),
    events,
    images: openImages({ root: paths.root, store, onNote: note, onStep: step }),
  };

  const containers = openContainers(context);
  return {
    networks: openNetworks(context),
    // Who has to do with containers finds them answered, also after what answers them was killed.
    get containers() {
      reviveAnswerer(context);
      return containers;
    },
    images: openImageFront(context),
    system: openSystem(context),
    attach: (request) => {
      const endpoint = networking.attach(request);
      if (endpoint.names.length > 0) ensureAnswerer(context);
      return endpoint;
    },
    detach: (request) => networking.detach(request),
    events: (options = {}) => followEvents(events, options),
    shape: (request) => networking.shape(request),
    endpoints: (of = {}) => networking.endpoints(of),
    close() {
      networking.close();
      store.close();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
