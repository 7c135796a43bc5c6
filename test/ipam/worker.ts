/** Takes and gives back addresses beside others: `node program.mjs STATE WITNESS NAME ROUNDS`. */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { HawserError } from '../../errors.ts';
import { openIpam } from '../../ipam/ipam.ts';
import { openStore } from '../../store/lmdb.ts';

const [, , state = '', witness = '', name = '', rounds = ''] = process.argv;
const ipam = openIpam(openStore(state));
let taken = 0;
let full = 0;
process.stdout.write('started\n');

for (let round = 0; round < Number(rounds); round++) {
  const owner = `${name}/eth${round % 3}`;
  try {
    const { address } = ipam.take('p', owner);
    // Whoever else holds this address at the same time has made this file already.
    const file = join(witness, address);
    closeSync(openSync(file, 'wx'));
    taken++;
    unlinkSync(file);
    ipam.release('p', owner);
  } catch (error) {
    if (!(error instanceof HawserError && error.code === 'exhausted')) throw error;
    full++;
  }
}
process.stdout.write(`${JSON.stringify({ taken, full })}\n`);
