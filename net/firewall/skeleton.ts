/**
 * The constant part of hawser's own table: chains with their rules, and empty sets and maps. All
 * that attaching ever changes is what the sets hold, so a packet meets the same few rules whether
 * one port is published or ten thousand.
 *
 * It is written in nft's own language, which nft(8) 1.0.6 reads in full; of its JSON it cannot read
 * back a map whose values are `address . port`.
 */

/** The chain that belongs to the user: asked first, made empty, never written to again. */
export const USER_CHAIN = 'user';

/** Made before all else, so that the table is the same where this chain was kept and where it was made anew. */
export const USER = `\
table inet hawser {
  chain user {
  }
}
`;

/** Where the responder listens: not on 53, which a container's published port or a server of the host's may have. */
export const NAMES_PORT = 25353;

export const SKELETON = `\
table inet hawser {
  # Which bridges there are; which pairs may talk freely; which have no way in or out; whose
  # containers may answer, but begin nothing.
  set bridges { type ifname; }
  set within { type ifname . ifname; }
  set internal { type ifname; }
  set answering { type ifname; }

  # Each subnet with the bridge it is at home on, and which of them leave under the host's address.
  set home4 { type ipv4_addr . ifname; flags interval; }
  set home6 { type ipv6_addr . ifname; flags interval; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }

  # The gateway of each network that has names, with the bridge it is asked on, and who answers there.
  map names4 { type ipv4_addr . ifname : ipv4_addr . inet_service; }
  map names6 { type ipv6_addr . ifname : ipv6_addr . inet_service; }

  # Published ports: on one address of the host, on all of them, and ranges that keep their numbers.
  map ports4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }
  map ports4_any { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map ranges4 { type inet_proto . ipv4_addr . inet_service : ipv4_addr; flags interval; }
  map ports6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr . inet_service; }
  map ports6_any { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map ranges6 { type inet_proto . ipv6_addr . inet_service : ipv6_addr; flags interval; }

  # Before connection tracking and NAT: bridges with route_localnet would let these through.
  chain martians {
    type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ip daddr 127.0.0.0/8 drop comment "the host's loopback is reached from the host alone"
    iifname != "lo" ip saddr 127.0.0.0/8 drop comment "nobody else speaks for it"
    iifname != "lo" ip6 daddr ::1 drop comment "nor is this one, by a bridge that br_netfilter looks into"
    iifname != "lo" ip6 saddr ::1 drop comment "spoken for neither"
  }

  chain published {
    dnat ip to meta l4proto . ip daddr . th dport map @ports4 comment "on one address"
    dnat ip to meta l4proto . th dport map @ports4_any comment "on every address"
    dnat ip to meta l4proto . ip daddr . th dport map @ranges4 comment "a range, its ports as they are"
    dnat ip6 to meta l4proto . ip6 daddr . th dport map @ports6 comment "on one address"
    dnat ip6 to meta l4proto . th dport map @ports6_any comment "on every address"
    dnat ip6 to meta l4proto . ip6 daddr . th dport map @ranges6 comment "a range, its ports as they are"
  }

  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    meta l4proto { tcp, udp } th dport 53 dnat ip to ip daddr . iifname map @names4 comment "names are asked of the network's own gateway"
    meta l4proto { tcp, udp } th dport 53 dnat ip6 to ip6 daddr . iifname map @names6 comment "names are asked of the network's own gateway by IPv6"
    fib daddr type local jump published comment "from outside and from containers"
  }

  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump published comment "from the host itself"
  }

  chain input {
    type filter hook input priority filter; policy accept;
    iifname "lo" accept comment "the host itself"
    meta l4proto { tcp, udp } th dport ${NAMES_PORT} ct status dnat accept comment "names, asked of a gateway"
    iifname @answering ct state != { established, related, untracked } drop comment "may answer the host, not ask it"
    iifname @policed ct direction original jump policies comment "what a container may ask of the host"
    ct state established,related,untracked accept comment "answers, and how neighbours are found"
    meta l4proto { tcp, udp } th dport ${NAMES_PORT} drop comment "names are asked in no other way"
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    jump user comment "the user's rules come first"
    iifname @policed jump policies comment "by the policy of the network that it comes from"
    iifname != @policed oifname @policed jump policies comment "or goes to"
    ct state established,related accept comment "the rest of what was let through"
    iifname @answering drop comment "may answer, not ask"
    iifname . oifname @within accept comment "neighbours on one network"
    iifname @internal drop comment "no way out of an internal network"
    oifname @internal drop comment "no way in"
    oifname @bridges ct status dnat accept comment "published ports, from everywhere else"
    oifname @bridges drop comment "networks are isolated from the outside and from one another"
  }

  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat ip saddr . oifname @home4 masquerade comment "hairpin: the answer must come back this way"
    ct status dnat ip6 saddr . oifname @home6 masquerade comment "hairpin: the answer must come back this way"
    ip saddr . oifname @home4 return comment "neighbours keep their addresses"
    ip6 saddr . oifname @home6 return comment "neighbours keep their addresses"
    ip saddr @masquerade4 masquerade comment "leaves under the host's address"
    ip6 saddr @masquerade6 masquerade comment "leaves under the host's address"
    oifname @bridges ip saddr 127.0.0.0/8 masquerade comment "the host, through a port on its loopback"
    oifname @bridges ip6 saddr ::1 masquerade comment "the host, through a port on its loopback"
  }
}
`;
