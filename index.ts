/** hawser as a library: open an engine, and do with one call each what the command line does. */

export type {
  AttachmentRequest,
  Container,
  ContainerState,
  CreateRequest,
  MountRequest,
} from './engine/container.ts';
export type {
  Containers,
  Engine,
  EngineOptions,
  ExecRequest,
  Filters,
  Images,
  Inspection,
  Networks,
  System,
  SystemInfo,
} from './engine/engine.ts';
export type { Event, EventFilters, EventOptions } from './engine/event.ts';
export type { NetworkFilters } from './engine/network-filter.ts';
export { openEngine } from './engine/open.ts';
export type { ListedNetwork } from './engine/predefined.ts';
export type { PruneFilters } from './engine/prune-filter.ts';
export { type ErrorCode, HawserError } from './errors.ts';
export type { Image, ImageConfig } from './image/image.ts';
export type { Pools, PoolUse } from './net/addressing/pools.ts';
export type {
  Counters,
  Endpoint,
  EndpointAddress,
  EndpointRoute,
  LeaseInfo,
  Network,
  NetworkSubnet,
  PortRequest,
  PublishedPort,
  Sandbox,
  Shaping,
} from './net/model.ts';
export type { Policies } from './net/networking.ts';
export type {
  Policy,
  PolicyPort,
  PolicyRule,
  PolicyRuleRequest,
  Verdict,
} from './net/policy/policy.ts';
export type {
  AttachRequest,
  DetachRequest,
  EndpointSettings,
  NetworkSpec,
  ReconcileOptions,
  Repair,
} from './net/request.ts';
export type { LogLine } from './runtime/log-format.ts';
export type { LogOptions } from './runtime/logs.ts';
export type { Session } from './runtime/process.ts';
export type { Exit, Limits, Mount } from './runtime/spec.ts';
