// A name server of the outside world: answers on an address, UDP and TCP, by the first label asked for.
// usage: node upstream.mjs ADDRESS NAME
// Each question is told on standard output, a line each: PROTOCOL NAME TYPE.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { decode, encode, streamEncode } from 'dns-packet';

const [address, server] = process.argv.slice(2);

/** What there is to say; undefined is silence. */
function answer(query, protocol) {
  const [question] = query.questions;
  process.stdout.write(`${protocol} ${question.name} ${question.type}\n`);
  const [verb, count] = question.name.split('.')[0].split('-');
  const reply = { type: 'response', id: query.id, flags: 0x0180, questions: query.questions };
  const texts = (n) =>
    Array.from({ length: n }, (_, i) => ({
      type: 'TXT',
      name: question.name,
      data: `${server} ${i} ${'x'.repeat(80)}`,
    }));
  switch (verb) {
    case 'silent':
      return undefined;
    case server:
      return { ...reply, flags: 0x0180 | 2 }; // SERVFAIL, from the one that is named
    case 'deaf':
      return count === server ? undefined : { ...reply, answers: texts(1) };
    case 'large':
      return protocol === 'udp'
        ? { ...reply, flags: 0x0380, answers: [] }
        : { ...reply, answers: texts(Number(count)) };
    case 'long': // by UDP too, without asking how much the other takes
      return { ...reply, answers: texts(Number(count)) };
    case 'none':
      return { ...reply, flags: 0x0180 | 3 };
    default:
      return { ...reply, answers: texts(1) };
  }
}

const socket = createSocket('udp4');
socket.on('message', (bytes, from) => {
  const query = decode(bytes);
  const reply = answer(query, 'udp');
  if (reply === undefined) return;
  const send = (packet) => socket.send(encode(packet), from.port, from.address);
  if (query.questions[0].name.startsWith('forged')) {
    // What somebody says who can guess the port, but not the id; and the id, but not the question.
    send({ ...reply, id: query.id ^ 1, answers: [] });
    send({ ...reply, questions: [{ type: 'TXT', name: 'else.example' }], answers: [] });
  }
  send(reply);
});
const tcp = createServer((connection) => {
  connection.on('error', () => {});
  let received = Buffer.alloc(0);
  connection.on('data', (piece) => {
    received = Buffer.concat([received, piece]);
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
    const reply = answer(decode(received.subarray(2)), 'tcp');
    if (reply) connection.end(streamEncode(reply));
  });
});
await new Promise((resolve) => socket.bind(53, address, resolve));
await new Promise((resolve) => tcp.listen(53, address, resolve));
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit()).resume(); // ends with the test that started it
