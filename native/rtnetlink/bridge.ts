/** Bridges and their ports (bridge(8), ip-link(8)). */
import type { Bridge, BridgePort, Info } from 'netlink/dist/rt/ifla.js';
import { ifla, structs } from './codec.ts';
import {
  createLink,
  HEADER_LENGTH,
  type LinkRef,
  linkInfo,
  linkRequest,
  type NewLink,
  RTM_NEWLINK,
  refText,
} from './link.ts';
import { encode, only, type Reply, type Request } from './message.ts';

export interface NewBridge extends NewLink {
  /** Spanning tree, off unless said. */
  stp?: boolean;
  /** Hundredths of a second a port listens and learns before it forwards (only matters with STP). */
  forwardDelay?: number;
  /** Whether the bridge keeps track of multicast listeners; the kernel's default is that it does. */
  multicastSnooping?: boolean;
}

/** Whether what is bridged also passes the rules for what is routed (br_netfilter). */
export interface BridgeChange {
  callIptables: boolean;
}

/** A bridge port's settings (bridge(8)). */
export interface BridgePortChange {
  /** Send a frame back out of the port it came in by: a container that reaches itself by its published port. */
  hairpin?: boolean;
  /** Isolated ports cannot reach one another, only ports that are not. */
  isolated?: boolean;
  learning?: boolean;
  /** Send frames for unknown addresses here too. */
  flood?: boolean;
  /** Drop BPDUs that come in here. */
  bpduGuard?: boolean;
}

/** IFLA_LINKINFO */
const LINKINFO = new Set([18]);
/** IFLA_BR_NF_CALL_IPTABLES, NF_CALL_IP6TABLES */
const CALLS = new Set([36, 37]);
/** IFLA_BRPORT_MODE, GUARD, LEARNING, UNICAST_FLOOD, ISOLATED */
const PORT_SETTINGS = new Set([4, 5, 8, 9, 33]);

export function newBridge(spec: NewBridge): Request {
  const { putBool, putU32 } = structs();
  const options: Bridge = { stpState: putU32(Number(spec.stp ?? false)) };
  if (spec.forwardDelay !== undefined) options.forwardDelay = putU32(spec.forwardDelay);
  if (spec.multicastSnooping !== undefined) options.mcastSnooping = putBool(spec.multicastSnooping);
  const linkinfo = linkInfo({ kind: 'bridge', data: encode(ifla().formatBridge(options)) });
  return createLink(`make the bridge ${spec.name}`, spec, { linkinfo });
}

export function changeBridge(ref: LinkRef, { callIptables }: BridgeChange): Request {
  const { putBool } = structs();
  const calls = putBool(callIptables);
  const data = encode(ifla().formatBridge({ nfCallIptables: calls, nfCallIp6tables: calls }));
  const attempt = `set whether packets within ${refText(ref)} pass the firewall`;
  return linkRequest(RTM_NEWLINK, 0, attempt, ref, {
    linkinfo: linkInfo({ kind: 'bridge', data }),
  });
}

/** Undefined if the link is no bridge. */
export function decodeBridge(reply: Reply): BridgeChange | undefined {
  const info = infoOf(reply);
  if (info?.kind !== 'bridge' || !Buffer.isBuffer(info.data)) return undefined;
  const { nfCallIptables, nfCallIp6tables } = ifla().parseBridge(only(info.data, CALLS));
  return { callIptables: nfCallIptables?.[0] === 1 && nfCallIp6tables?.[0] === 1 };
}

export function changeBridgePort(ref: LinkRef, change: BridgePortChange): Request {
  const options: BridgePort = {};
  if (change.hairpin !== undefined) options.mode = Number(change.hairpin);
  if (change.isolated !== undefined) options.isolated = structs().putBool(change.isolated);
  if (change.learning !== undefined) options.learning = Number(change.learning);
  if (change.flood !== undefined) options.unicastFlood = Number(change.flood);
  if (change.bpduGuard !== undefined) options.guard = Number(change.bpduGuard);
  const linkinfo = linkInfo({
    slaveKind: 'bridge',
    slaveData: encode(ifla().formatBridgePort(options)),
  });
  const attempt = `set ${Object.keys(change).join(', ')} of the bridge port ${refText(ref)}`;
  return linkRequest(RTM_NEWLINK, 0, attempt, ref, { linkinfo });
}

/** Undefined if the link is no port of a bridge. */
export function decodeBridgePort(reply: Reply): Required<BridgePortChange> | undefined {
  const info = infoOf(reply);
  if (info?.slaveKind !== 'bridge' || !Buffer.isBuffer(info.slaveData)) return undefined;
  const port = ifla().parseBridgePort(only(info.slaveData, PORT_SETTINGS));
  return {
    hairpin: port.mode === 1,
    isolated: port.isolated?.[0] === 1,
    learning: port.learning === 1,
    flood: port.unicastFlood === 1,
    bpduGuard: port.guard === 1,
  };
}

function infoOf({ payload }: Reply): Info | undefined {
  const { linkinfo } = ifla().parseLinkAttrs(only(payload.subarray(HEADER_LENGTH), LINKINFO));
  return linkinfo && ifla().parseInfo(linkinfo);
}
