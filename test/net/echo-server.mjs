// Answers on TCP and UDP ports with its name and the address it was asked from.
// usage: node echo-server.mjs NAME PORT...
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [name, ...ports] = process.argv.slice(2);
const plain = (address) => address.replace(/^::ffff:/, '');
const listening = ports.map(Number).flatMap((port) => [
  new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(`${name} from ${plain(socket.remoteAddress ?? '?')}\n`);
    });
    server.on('error', reject).listen(port, '::', resolve);
  }),
  new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp6' });
    socket.on('message', (_, from) => {
      socket.send(`${name} from ${plain(from.address)}\n`, from.port, from.address);
    });
    socket.on('error', reject).bind(port, '::', resolve);
  }),
]);
await Promise.all(listening);
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit()).resume(); // ends with the test that started it
