/**
 * The constant part of hawser's table in the bridge family: what a container sends bears its own
 * addresses, on every layer that a neighbour or the host believes. What bears another's is dropped at
 * the container's port, before the bridge has learned from it.
 *
 * Ports are told by the names of their links. One that is in no set may send nothing, so that there
 * is no moment, however early or late in an endpoint's life, in which it may send anything.
 *
 * nft 1.0.6 has no name for the target of a neighbour message nor for its options: they are read by
 * their offset in bits (RFC 4861, 4.3 and 4.4), and the sets they are looked up in hold plain numbers.
 */
export const GUARD = `\
table bridge hawser {
  # Each container's addresses by its port; and the ports of networks that let containers bear any.
  set spoofing { type ifname; }
  set macs { type ifname . ether_addr; }
  set own4 { type ifname . ipv4_addr; }
  set own6 { type ifname . ipv6_addr; }
  set targets6 { typeof iifname . @th,64,128; }
  set options6 { typeof iifname . @th,208,48; }

  chain prerouting {
    type filter hook prerouting priority dstnat; policy accept;
    iifname "hv*" iifname != @spoofing jump origin comment "what comes from a container"
  }

  chain origin {
    iifname . ether saddr != @macs drop comment "another's MAC"
    ether type vmap { ip : goto origin4, ip6 : goto origin6, arp : goto claims4 } comment "by what it carries"
    drop comment "neither IP nor ARP: tags, tunnels, spanning tree"
  }

  chain origin4 {
    iifname . ip saddr @own4 accept comment "its own address"
    drop comment "another's IPv4 address"
  }

  chain claims4 {
    arp htype != 1 drop comment "not of Ethernet"
    arp ptype != ip drop comment "not of IPv4"
    arp hlen != 6 drop comment "an address of another length"
    arp plen != 4 drop comment "an address of another length"
    iifname . arp saddr ether != @macs drop comment "another's MAC"
    iifname . arp saddr ip @own4 accept comment "its own address: questions, answers, announcements"
    arp saddr ip 0.0.0.0 iifname . arp daddr ip @own4 accept comment "whether its own address is free (RFC 5227)"
    drop comment "another's address"
  }

  chain origin6 {
    icmpv6 type { nd-router-solicit, nd-router-advert, nd-redirect } drop comment "no container is a router, or looks for one"
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } goto claims6 comment "who has which address"
    iifname . ip6 saddr @own6 accept comment "its own address"
    ip6 saddr :: icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept comment "groups, before it has an address (RFC 3590)"
    drop comment "another's IPv6 address"
  }

  chain claims6 {
    ip6 nexthdr != ipv6-icmp drop comment "hidden behind an extension header or in a fragment (RFC 6980)"
    icmpv6 type nd-neighbor-advert iifname . @th,64,128 != @targets6 drop comment "says it has another's address"
    ip6 saddr :: icmpv6 type nd-neighbor-solicit ip6 length { 24, 32 } iifname . @th,64,128 @targets6 accept comment "whether its own address is free (RFC 4862)"
    iifname . ip6 saddr != @own6 drop comment "another's IPv6 address"
    ip6 length 24 accept comment "without an option"
    ip6 length 32 @th,192,16 { 0x0101, 0x0201 } iifname . @th,208,48 @options6 accept comment "with its own MAC as the only one"
    drop comment "another's MAC, or more than one"
  }

  # Frames to 01:80:c2:00:00:0x skip the hook above: no bridge passes them on, but the host reads them.
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "hv*" iifname != @spoofing ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00 drop comment "past the bridge"
  }
}
`;
