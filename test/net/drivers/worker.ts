/** What a program that is to be killed does: `node program.mjs VERB ROOT SPEC SANDBOX PATH LAST`. */
import { join } from 'node:path';
import { openIpam } from '../../../ipam/ipam.ts';
import { openNetworking } from '../../../net/networking.ts';
import { openStore } from '../../../store/lmdb.ts';

const [, , verb = '', root = '', spec = '{}', id = '', path = '', last = ''] = process.argv;
const store = openStore(join(root, 'state'));
let steps = 0;
const networking = openNetworking({
  store,
  ipam: openIpam(store),
  // Ends this process, as nothing can prevent, after its nth step.
  onStep: () => {
    if (++steps > Number(last)) process.kill(process.pid, 'SIGKILL');
  },
});
const { wish, ...asked } = JSON.parse(spec);

switch (verb) {
  case 'attach':
    networking.attach({ ...wish, network: asked.name, sandbox: { id, path }, owner: id });
    break;
  case 'detach':
    networking.detach({ sandbox: id });
    break;
  case 'create':
    networking.networks.create(asked);
    break;
  case 'remove':
    networking.networks.remove(asked.name);
    break;
  default:
    throw new Error(`no verb ${verb}`);
}
store.close();
