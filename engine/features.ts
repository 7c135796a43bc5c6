import { existsSync, readFileSync } from 'node:fs';
import { runNft } from '../native/nftables.ts';
import { Rtnetlink } from '../native/rtnetlink/rtnetlink.ts';
import type { Cgroups } from '../runtime/cgroup/cgroup.ts';
import type { SystemInfo } from './engine.ts';

/** What this kernel has of the things hawser stands on, each asked of the kernel itself. */
export function kernelFeatures(cgroups: Cgroups): SystemInfo['features'] {
  const filesystems = readFileSync('/proc/filesystems', 'utf8');
  return [
    nftables(),
    {
      name: 'overlayfs',
      available: /\boverlay$/m.test(filesystems),
      detail: 'root filesystems of shared layers',
    },
    {
      name: 'IPv6',
      available: existsSync('/proc/net/if_inet6'),
      detail: 'networks with an IPv6 subnet',
    },
    {
      name: 'seccomp',
      available: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
      detail: 'the filter of system calls',
    },
    { name: `cgroup ${cgroups.version}`, available: true, detail: 'limits' },
    ...links(),
  ];
}

/** Asked by a request that every kernel refuses, and one without the kind for that reason. */
function links(): SystemInfo['features'] {
  using rtnl = Rtnetlink.open();
  return [
    { name: 'macvlan', available: rtnl.offers('macvlan'), detail: 'networks of driver macvlan' },
    { name: 'ipvlan', available: rtnl.offers('ipvlan'), detail: 'networks of driver ipvlan' },
    { name: 'VLAN', available: rtnl.offers('vlan'), detail: 'parents as eth0.50' },
  ];
}

function nftables(): SystemInfo['features'][number] {
  const name = 'nf_tables';
  try {
    runNft([{ list: { tables: {} } }]);
    return { name, available: true, detail: 'firewall, published ports and isolation' };
  } catch (error) {
    return {
      name,
      available: false,
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}
