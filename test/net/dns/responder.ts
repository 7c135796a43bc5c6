/** The responder alone, in a process of its own: `node program.mjs ROOT RESOLV_CONF`. */
import { join } from 'node:path';
import { listenAnywhere } from '../../../native/inet.ts';
import { serveNames } from '../../../net/dns/server.ts';
import { NAMES_PORT } from '../../../net/firewall/skeleton.ts';
import { openStore } from '../../../store/lmdb.ts';

const [, , root = '', resolvConf = ''] = process.argv;
const sockets = { udp: listenAnywhere('udp', NAMES_PORT), tcp: listenAnywhere('tcp', NAMES_PORT) };
process.stdout.write('ready\n');
await serveNames({
  store: openStore(join(root, 'state')),
  sockets,
  resolvConf,
  isWanted: () => true,
  leave: () => {},
});
