/** What has happened, in Docker's vocabulary (docker-events(1)). */

export interface Event {
  /** ISO 8601. */
  time: string;
  type: 'container' | 'network';
  action: ContainerAction | NetworkAction;
  /** Of the container or the network, 64 hex digits. */
  id: string;
  /** Its name at the time. */
  name: string;
  /**
   * Labels; and of a container `image`; with `die` also `exitCode`, with `kill` the `signal`'s number,
   * with `exec_…` the `execID` and the `command`; of a network `type`, its driver, and with `connect` and
   * `disconnect` the sandbox as `container`, its owner as `containerName`, and the `interface`.
   */
  attributes: Record<string, string>;
}

export type ContainerAction =
  | 'create'
  | 'attach'
  | 'start'
  | 'exec_create'
  | 'exec_start'
  | 'exec_die'
  | 'kill'
  | 'oom'
  | 'die'
  | 'stop'
  | 'destroy';

export type NetworkAction = 'create' | 'connect' | 'disconnect' | 'destroy';

export interface EventOptions {
  /** From this moment on, as far as they are remembered; default: from now on. */
  since?: Date;
  /** Up to this moment, which may be yet to come; default: for ever. */
  until?: Date;
  filters?: EventFilters;
  /** Ends the following. */
  signal?: AbortSignal;
}

/** Values of one key are alternatives, different keys must all hold. */
export interface EventFilters {
  type?: string[];
  /** An action. */
  event?: string[];
  /** A name, an id, or an id's beginning: the container's own events, and the networks' that concern it. */
  container?: string[];
  network?: string[];
  /** NAME[:TAG], as it was given. */
  image?: string[];
  /** `key` or `key=value`. */
  label?: string[];
}
