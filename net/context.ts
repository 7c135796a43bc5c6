import type { Ipam } from '../ipam/ipam.ts';
import type { Store } from '../store/store.ts';
import type { Driver } from './drivers/driver.ts';
import type { Firewall } from './firewall/firewall.ts';
import type { DriverName, Sandbox } from './model.ts';
import type { Records } from './records.ts';

/** What every part of the network layer works with; made once, in openNetworking. */
export interface NetContext {
  store: Store;
  ipam: Ipam;
  /** The default network's, or undefined for a random one. */
  defaultNetworkId: string | undefined;
  records: Records;
  firewall: Firewall;
  drivers: Record<DriverName, Driver>;
  /** Whether whoever is in a sandbox lives on, though its pin is gone or another's. */
  outlivesPin: (sandbox: Sandbox) => boolean;
  /** Called after each kernel step, with its name. */
  step: (step: string) => void;
  /** Tells the user something that is no error. */
  note: (sentence: string) => void;
}
