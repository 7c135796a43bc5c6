import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Place } from './fakehost.ts';

/** A program of a test's own that has a port in a namespace. */
export interface Listener {
  pid: number;
  stop(): Promise<void>;
}

const PROGRAM = `
const [protocol, host, port] = process.argv.slice(1);
const ready = () => console.log('ready');
if (protocol === 'tcp') {
  require('node:net').createServer((c) => c.end('hello from ' + host)).listen(Number(port), host, ready);
} else {
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = require('node:dgram').createSocket(type);
  socket.on('message', (m, from) => socket.send(m, from.port, from.address));
  socket.bind(Number(port), host, ready);
}`;

/** Starts one: over TCP it says a word and closes, over UDP it echoes. */
export async function listen(
  at: Place,
  protocol: 'tcp' | 'udp',
  host: string,
  port: number,
): Promise<Listener> {
  const argv = at.argv([process.execPath, '-e', PROGRAM, protocol, host, String(port)]);
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), exited]);
  if (!String(first[0]).startsWith('ready') || child.pid === undefined) {
    throw new Error(`the listener on ${host} port ${port}/${protocol} did not come up`);
  }
  return {
    pid: child.pid, // nsenter --net executes in place, without a fork
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
