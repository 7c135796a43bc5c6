import { HawserError } from '../../errors.ts';
import type { Container, ContainerRecord } from '../container.ts';
import type { Context } from '../context.ts';
import type { Filters } from '../engine.ts';
import { hasLabel } from '../label.ts';
import { stateNow } from '../liveness.ts';
import { quote } from '../names.ts';
import { isOn, predefinedNetworks } from '../predefined.ts';

const FILTERS = ['id', 'name', 'status', 'label', 'network', 'ancestor', 'exited'] as const;

/** Newest first. */
export function listContainers(
  context: Context,
  { all = false, filters = {} }: { all?: boolean; filters?: Filters },
): Container[] {
  checkFilters(filters);
  // As docker: asking for a status or an exit code asks for containers that do not run, too.
  const showsEnded = all || filters.status !== undefined || filters.exited !== undefined;
  return context.records
    .all()
    .map((record) => showContainer(context, record))
    .filter(({ state }) => showsEnded || state.status === 'running')
    .filter((container) => matches(context, container, filters))
    .sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
}

export function showContainer(context: Context, record: ContainerRecord): Container {
  return {
    ...record,
    state: stateNow(record, context.paths),
    endpoints: context.networking.endpoints({ sandbox: record.id }),
  };
}

function checkFilters(filters: Filters): void {
  const unknown = Object.keys(filters).find((key) => !FILTERS.some((known) => known === key));
  if (unknown !== undefined) {
    throw new HawserError(
      'invalid',
      `filter containers by ${quote(unknown)}: the filters are ${FILTERS.join(', ')}`,
    );
  }
}

function matches(context: Context, container: Container, filters: Filters): boolean {
  const any = (values: string[] | undefined, test: (value: string) => boolean) =>
    values === undefined || values.some(test);
  return (
    any(filters.id, (id) => container.id.startsWith(id)) &&
    any(filters.name, (name) => container.name.includes(name)) &&
    any(filters.status, (status) => container.state.status === status) &&
    any(filters.exited, (code) => String(container.state.exitCode) === code) &&
    any(filters.network, (network) => isOnNetwork(context, container, network)) &&
    any(filters.ancestor, (ref) => isFrom(container, ref)) &&
    // Unlike the others, several labels must all be there.
    (filters.label ?? []).every((label) => hasLabel(container.labels, label))
  );
}

function isOnNetwork({ networking, paths }: Context, container: Container, ref: string): boolean {
  const wanted = [...networking.networks.list(), ...predefinedNetworks(paths.root)].find(
    ({ id, name }) => name === ref || id.startsWith(ref),
  );
  return wanted !== undefined && isOn(container, wanted);
}

function isFrom({ image }: Container, ref: string): boolean {
  return image.reference === ref || image.reference === `${ref}:latest` || image.id.startsWith(ref);
}
