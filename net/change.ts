import type { Endpoint, Network } from './model.ts';

/** Something that has become of a network, told within the transaction that makes it so. */
export type NetworkChange =
  | { action: 'create' | 'destroy'; network: Network }
  /** `network` is undefined if its record is gone before its endpoint's. */
  | { action: 'connect' | 'disconnect'; network: Network | undefined; endpoint: Endpoint };
