/**
 * The part of the table `inet hawser` that policies of networks are asked by. What a policy says is in
 * sets, by the addresses of who is connected to: that a container has its own addresses and no others
 * is seen to in the bridge family. Every packet of a connection is asked about, not the first alone,
 * so that a new rule cuts what is under way.
 */

/** `hwsr`, on connections whose first packet that was seen is one of the answers. */
const TURNED = '0x68777372';

interface Reading {
  source: 'saddr' | 'daddr';
  destination: 'saddr' | 'daddr';
  /** The port that is connected to. */
  port: 'dport' | 'sport';
  from: 'iifname' | 'oifname';
  to: 'iifname' | 'oifname';
}

/** Chains that judge a connection by a packet of one of its directions. */
function judging(name: string, { source, destination, port, from, to }: Reading): string {
  const looking = (set: string, own: string, peer: string, verdict: string, why: string) =>
    ['ip', 'ip6']
      .map((family) => {
        const at = `@${set}${family === 'ip' ? '4' : '6'}`;
        const key = `${family} ${own} . ${family} ${peer} . meta l4proto . th ${port}`;
        return `    ${key} ${at} ${verdict} comment "${why}"\n`;
      })
      .join('');
  const outgoing = (verb: string, verdict: string, why: string) =>
    looking(`${verb}_from`, source, destination, verdict, why);
  const incoming = (verb: string, verdict: string, why: string) =>
    looking(`${verb}_to`, destination, source, verdict, why);
  return `\
  chain ${name} {
${outgoing('deny', 'drop', 'denied to who connects')}\
${incoming('deny', 'drop', 'denied to be connected to')}\
    ${from} . ${to} @inside goto ${name}_within comment "between neighbours one rule is enough"
    ${from} @closed jump ${name}_out comment "nothing out but what is allowed"
    ${to} @closed jump ${name}_in comment "nothing in but what is allowed"
  }

  chain ${name}_within {
${outgoing('allow', 'return', 'allowed')}\
${incoming('allow', 'return', 'allowed')}\
    ${from} @closed drop comment "denied by default"
  }

  chain ${name}_out {
${outgoing('allow', 'return', 'allowed')}\
    drop comment "denied by default"
  }

  chain ${name}_in {
${incoming('allow', 'return', 'allowed')}\
    drop comment "denied by default"
  }
`;
}

const KEY4 = 'type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval;';
const KEY6 = 'type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval;';
const SETS = ['deny_from', 'deny_to', 'allow_from', 'allow_to'];

export const POLICY = `\
table inet hawser {
  # Bridges with a policy, each with itself too; those where what no rule allows is denied; and the
  # rules: a container's address, its peer's, the protocol and the port that is connected to.
  set policed { type ifname; }
  set inside { type ifname . ifname; }
  set closed { type ifname; }
${SETS.flatMap((set) => [`  set ${set}4 { ${KEY4} }\n`, `  set ${set}6 { ${KEY6} }\n`]).join('')}
  chain policies {
    ct state related,untracked return comment "errors of what was let through, and how neighbours are found"
    ct state invalid drop comment "of no connection"
    tcp flags & (syn | ack) == syn goto requests comment "who begins"
    ct state new tcp flags & syn == 0 tcp sport < 32768 tcp dport >= 32768 ct mark set ${TURNED} comment "of a connection older than its tracking: by its ports, an answer"
    ct mark ${TURNED} ct direction original goto replies comment "an answer"
    ct mark ${TURNED} goto requests comment "and its question"
    ct direction reply goto replies comment "judged by what it answers"
    goto requests comment "from who has begun"
  }

${judging('requests', { source: 'saddr', destination: 'daddr', port: 'dport', from: 'iifname', to: 'oifname' })}
${judging('replies', { source: 'daddr', destination: 'saddr', port: 'sport', from: 'oifname', to: 'iifname' })}\
}
`;
