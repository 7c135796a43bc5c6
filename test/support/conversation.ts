/** A TCP connection that stays, to see what becomes of it while the world around it changes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Place } from './fakehost.ts';

export interface Conversation {
  /** Says something on the connection; the echo, or undefined if none comes within a second. */
  say(text: string): Promise<string | undefined>;
  end(): Promise<void>;
}

const SERVER = `
require('node:net').createServer((socket) => {
  socket.on('error', () => {}).pipe(socket);
}).listen(Number(process.argv[1]), '::', () => console.log('ready'));
process.stdin.on('end', () => process.exit()).resume();`;

/** A server that says again what it is told, for as long as its input is open. */
export async function echo(at: Place, port: number): Promise<{ end(): Promise<void> }> {
  const server = start(at, [process.execPath, '-e', SERVER, String(port)]);
  const [first] = await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
  if (!String(first).startsWith('ready')) throw new Error(`no echo on port ${port}`);
  return { end: () => end(server) };
}

/** Connects, and answers once it has heard an echo. */
export async function converse(from: Place, address: string, port: number): Promise<Conversation> {
  const script = `exec 3<>/dev/tcp/${address}/${port} || exit 1
    while read -r line; do
      echo "$line" >&3
      answer=
      while read -t 1 -r heard <&3; do
        answer=$heard
        [ "$heard" = "$line" ] && break # an earlier echo may have come late
      done
      echo "heard $answer"
    done 2>/dev/null`;
  const client = start(from, ['bash', '-c', script]);
  const lines = createInterface(client.stdout);
  const conversation: Conversation = {
    async say(text) {
      const answer = Promise.race([once(lines, 'line'), once(lines, 'close')]);
      client.stdin.write(`${text}\n`);
      const heard = String((await answer)[0]).replace(/^heard /, '');
      return heard === text ? heard : undefined;
    },
    end: () => end(client),
  };
  if ((await conversation.say('hello')) === undefined) {
    await conversation.end();
    throw new Error(`nobody answers at ${address} port ${port}`);
  }
  return conversation;
}

function start(at: Place, command: string[]) {
  const [file = '', ...args] = at.argv(command);
  return spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}
