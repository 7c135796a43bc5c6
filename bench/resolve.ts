/** A client that asks a name server as fast as it answers, from some network namespace. */
import { encode } from 'dns-packet';
import { openPoller } from '../native/epoll.ts';
import { connectTo, receive, send } from '../native/inet.ts';
import { close } from '../native/libc.ts';
import { inNetns } from '../native/netns.ts';

export interface Place {
  netns: string;
  server: string;
}

const LOST = 200;

/**
 * Names resolved a second with so many questions under way at a time; one at a time tells the
 * latency. Every answer must hold an address.
 */
export function resolveRate(
  { netns, server }: Place,
  names: string[],
  atOnce: number,
  milliseconds: number,
): number {
  const fd = inNetns(netns, () => connectTo('udp', server, 53));
  const poller = openPoller();
  const questions = names.map((name) =>
    encode({ type: 'query', flags: 0x0100, questions: [{ name, type: 'A' }] }),
  );
  const inbox = Buffer.alloc(1500);
  let asked = 0;
  let told = 0;
  const askNext = () => {
    const question = questions[asked % questions.length];
    if (question === undefined) throw new Error('no names to ask for');
    question.writeUInt16BE(asked & 0xffff, 0);
    send(fd, question);
    asked++;
  };
  poller.watch(fd, () => {
    for (let length = receive(fd, inbox); length !== undefined; length = receive(fd, inbox)) {
      if (length < 12 || inbox.readUInt16BE(6) !== 1)
        throw new Error(`${server} has no address for it`);
      told++;
      askNext();
    }
  });
  const start = process.hrtime.bigint();
  const end = start + BigInt(milliseconds) * 1_000_000n;
  for (let i = 0; i < atOnce; i++) askNext();
  while (process.hrtime.bigint() < end) {
    const before = told;
    poller.wait(LOST);
    // Datagrams may be lost; that many are asked anew.
    if (told === before) for (let i = 0; i < atOnce; i++) askNext();
  }
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  poller.close();
  close(fd);
  return told / seconds;
}
