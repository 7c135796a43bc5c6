/** The name of the network that containers are attached to when nothing is said. */
export const DEFAULT_NETWORK = 'bridge';
/** Its bridge. */
export const DEFAULT_BRIDGE = 'hawser0';
