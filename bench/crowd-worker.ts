/**
 * One of the processes that attach at once: `hawser ROOT RUN NETWORK PREFIX COUNT`, sandboxes that are
 * there, or `docker SOCKET NETWORK CONTAINER...`, containers that run. Ready once it has printed a line,
 * it begins when it reads one, and prints a line when it is done.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { openEngine } from '../engine/open.ts';

const [, , kind = '', ...args] = process.argv;
const work = kind === 'docker' ? byDocker(args) : byHawser(args);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
await work();
process.stdout.write('done\n');
process.exit();

function byHawser([root = '', run = '', network = '', prefix = '', count = '']: string[]) {
  const engine = openEngine({ root, run });
  return () => {
    for (let i = 0; i < Number(count); i++) {
      const id = `${prefix}${i}`;
      engine.attach({ network, owner: id, sandbox: { id, path: join(run, id) } });
    }
  };
}

function byDocker([socketPath = '', network = '', ...containers]: string[]) {
  return async () => {
    for (const Container of containers) {
      const path = `/networks/${network}/connect`;
      const headers = { 'Content-Type': 'application/json' };
      const asked = request({ socketPath, path, method: 'POST', headers });
      asked.end(JSON.stringify({ Container }));
      const [answer] = await once(asked, 'response');
      if (answer.statusCode !== 200) throw new Error(`docker says ${answer.statusCode}`);
      answer.resume();
      await once(answer, 'end');
    }
  };
}
