/** Asks a name server, as a program in some network namespace would. */
import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet';
import { openPoller } from '../../../native/epoll.ts';
import { connectTo, receive, send } from '../../../native/inet.ts';
import { close } from '../../../native/libc.ts';
import { framed, openUnframer } from '../../../net/dns/framing.ts';
import type { Place } from '../../support/fakehost.ts';

export interface Question {
  type?: string;
  protocol?: 'tcp' | 'udp';
  /** What the asker says it takes by UDP. */
  edns?: number;
  ednsVersion?: number;
  port?: number;
  /** How long it waits for an answer (ms). */
  patience?: number;
}

export interface Told {
  rcode: string;
  /** The records' data, in the order in which they came. */
  answers: string[];
  truncated: boolean;
  /** Of the whole message. */
  size: number;
  packet: DecodedPacket;
}

/** What is told, or undefined if nothing is. */
export function ask(
  from: Place,
  server: string,
  name: string,
  question: Question = {},
): Told | undefined {
  const [answer] = tell(from, server, [message(name, question)], question);
  return answer && read(answer);
}

export function message(
  name: string,
  { type = 'A', edns, ednsVersion = 0 }: Question = {},
  id = 4711,
): Buffer {
  const packet: Packet = {
    type: 'query',
    id,
    flags: 0x0100,
    questions: [{ name, type: type as 'A' }],
  };
  if (edns !== undefined) {
    packet.additionals = [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: edns,
        extendedRcode: 0,
        ednsVersion,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ];
  }
  return encode(packet);
}

/** Sends bytes as they are, each as one message, and gives as many answers as come, at most one for each. */
export function tell(
  from: Place,
  server: string,
  messages: Buffer[],
  { protocol = 'udp', port = 53, patience = 4000 }: Question = {},
): Buffer[] {
  const fd = from.inside(() => connectTo(protocol, server, port));
  const poller = openPoller();
  const answers: Buffer[] = [];
  const deadline = Date.now() + patience;
  const inbox = Buffer.alloc(65_537);
  const unframer = openUnframer();
  let isOver = false;
  let unsent = protocol === 'tcp' ? Buffer.concat(messages.map(framed)) : Buffer.alloc(0);
  poller.watch(fd, () => {
    if (unsent.length > 0) {
      const taken = send(fd, unsent);
      if (taken === undefined) isOver = true;
      unsent = unsent.subarray(taken ?? unsent.length);
      if (unsent.length === 0) poller.awaitRoom(fd, 'no');
      return;
    }
    const length = receive(fd, inbox);
    if (length === 0) isOver = true;
    if (length === undefined || length === 0) return;
    const piece = Buffer.from(inbox.subarray(0, length));
    answers.push(...(protocol === 'tcp' ? unframer.push(piece) : [piece]));
  });
  if (protocol === 'tcp') poller.awaitRoom(fd, 'only');
  else for (const bytes of messages) send(fd, bytes);
  while (!isOver && answers.length < messages.length && Date.now() < deadline) {
    poller.wait(Math.max(1, deadline - Date.now()));
  }
  poller.close();
  close(fd);
  return answers;
}

/** RFC 1035 4.1.1. */
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export function read(bytes: Buffer): Told {
  const packet = decode(bytes);
  return {
    rcode: RCODES[bytes.readUInt8(3) & 0xf] ?? '?',
    answers: (packet.answers ?? []).map((answer) => ('data' in answer ? String(answer.data) : '')),
    truncated: packet.flag_tc,
    size: bytes.length,
    packet,
  };
}
