import type { Event, EventFilters } from '../event.ts';
import { hasLabel } from '../label.ts';

/** Whether an event passes: values of one key are alternatives, different keys must all hold. */
export function matches(event: Event, filters: EventFilters): boolean {
  const { type, event: action, container, network, image, label } = filters;
  return (
    some(type, (wanted) => wanted === event.type) &&
    some(action, (wanted) => wanted === event.action) &&
    some(container, (wanted) => concernsContainer(event, wanted)) &&
    some(network, (wanted) => event.type === 'network' && isCalled(event, wanted)) &&
    some(image, (wanted) => isOfImage(event, wanted)) &&
    some(label, (wanted) => hasLabel(event.attributes, wanted))
  );
}

function some(values: string[] | undefined, holds: (value: string) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(holds);
}

function concernsContainer(event: Event, wanted: string): boolean {
  if (event.type === 'container') return isCalled(event, wanted);
  const { container, containerName } = event.attributes;
  return container !== undefined && isCalled({ id: container, name: containerName ?? '' }, wanted);
}

function isCalled({ id, name }: { id: string; name: string }, wanted: string): boolean {
  return name === wanted || (wanted !== '' && id.startsWith(wanted));
}

/** Docker compares without the tag too. */
function isOfImage({ type, attributes }: Event, wanted: string): boolean {
  const { image = '' } = attributes;
  return type === 'container' && (image === wanted || image.startsWith(`${wanted}:`));
}
