import type { Images as ImageStore } from '../image/images.ts';
import type { Networking } from '../net/networking.ts';
import type { Cgroups } from '../runtime/cgroup/cgroup.ts';
import type { Store } from '../store/store.ts';
import type { EventLog } from './events/log.ts';
import type { Paths } from './paths.ts';
import type { Records } from './records.ts';

/** What every part of the engine works with; made once, in open.ts. */
export interface Context {
  store: Store;
  paths: Paths;
  records: Records;
  /** What happened, for those who ask later or just now. */
  events: EventLog;
  networking: Networking;
  images: ImageStore;
  /** Looked up when first needed: not every call has to do with cgroups. */
  cgroups: () => Cgroups;
  cgroupParent: string;
  note: (note: string) => void;
  /** Called after each step that changes something outside the store. */
  step: (step: string) => void;
}
