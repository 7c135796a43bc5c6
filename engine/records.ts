import { HawserError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { ContainerRecord } from './container.ts';
import { quote } from './names.ts';

/** The containers of one store, found by id, by an id's beginning, or by name. */
export interface Records {
  /** By exact id. */
  get(id: string): ContainerRecord | undefined;
  /** By exact name. */
  named(name: string): ContainerRecord | undefined;
  /** By name, id, or an id's unambiguous beginning; `attempt` begins the sentence of a failure. */
  find(ref: string, attempt: string): ContainerRecord;
  all(): ContainerRecord[];
  /** Writes a record; a new one takes its name, or throws if somebody has it. */
  put(record: ContainerRecord): void;
  remove(id: string): void;
}

/** @param tell is called within the transaction, with a record as it was and as it is */
export function openRecords(
  store: Store,
  tell: (before?: ContainerRecord, after?: ContainerRecord) => void = () => {},
): Records {
  const byId = store.table<ContainerRecord>('containers');
  const idByName = store.table<string>('container-names');

  function named(name: string): ContainerRecord | undefined {
    const id = name === '' ? undefined : idByName.get(name);
    return id === undefined ? undefined : byId.get(id);
  }

  return {
    named,
    get: (id) => byId.get(id),
    all: () => Array.from(byId.entries(), ([, record]) => record),

    find(ref, attempt) {
      const exact = ref.length > 500 ? undefined : named(ref);
      if (exact) return exact;
      const matches = /^[0-9a-f]{1,64}$/.test(ref)
        ? Array.from(byId.entries({ prefix: ref, limit: 2 }), ([, record]) => record)
        : [];
      const [match, other] = matches;
      if (!match) {
        throw new HawserError('not-found', `${attempt}: there is no container ${quote(ref)}`, {
          hint: 'see: hawser ps -a',
        });
      }
      if (other) {
        throw new HawserError(
          'not-found',
          `${attempt}: ${quote(ref)} begins the ids of several containers, ${match.name} and ${other.name} among them`,
        );
      }
      return match;
    },

    put(record) {
      store.transaction(() => {
        const holder = idByName.get(record.name);
        if (holder !== undefined && holder !== record.id) {
          throw new HawserError(
            'taken',
            `create container ${record.name}: the name is taken by container ${holder.slice(0, 12)}`,
            {
              hint: `remove or rename it first: hawser rm ${record.name}`,
            },
          );
        }
        if (holder === undefined) idByName.put(record.name, record.id);
        const before = byId.get(record.id);
        byId.put(record.id, record);
        tell(before, record);
      });
    },

    remove(id) {
      store.transaction(() => {
        const record = byId.get(id);
        if (!record) return;
        idByName.remove(record.name);
        byId.remove(id);
        tell(record, undefined);
      });
    },
  };
}
