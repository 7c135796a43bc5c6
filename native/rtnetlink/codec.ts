/**
 * The `netlink` package's typed encoders and decoders, loaded at the first message rather than at
 * the start of every command. Only the codec: its sockets, and their native addon, stay unloaded.
 */
import { createRequire } from 'node:module';

type Structs = typeof import('netlink/dist/structs.js');
type RouteStructs = typeof import('netlink/dist/rt/gen_structs.js');
type LinkStructs = typeof import('netlink/dist/rt/ifla.js');

const load = createRequire(import.meta.url);

/** Attribute streams and scalars. */
export const structs = lazy<Structs>('netlink/dist/structs.js');
/** Headers of every rtnetlink family, and addresses, routes and neighbours. */
export const rt = lazy<RouteStructs>('netlink/dist/rt/gen_structs.js');
/** Links. */
export const ifla = lazy<LinkStructs>('netlink/dist/rt/ifla.js');

/** Node's own search for a module that it has loaded costs more than what is asked of these. */
function lazy<Module>(name: string): () => Module {
  let module: Module | undefined;
  return () => {
    module ??= load(name) as Module;
    return module;
  };
}
