/** What test programs do with networks: `node program.mjs VERB ROOT SANDBOX PATH [N]`. */
import { join } from 'node:path';
import { openIpam } from '../../ipam/ipam.ts';
import { pinNetns, unpinNetns } from '../../native/netns.ts';
import { openNetworking } from '../../net/networking.ts';
import { parsePort } from '../../net/ports/parse.ts';
import { openStore } from '../../store/lmdb.ts';

const [, , verb = '', root = '', id = '', path = '', last = 'Infinity'] = process.argv;
const store = openStore(join(root, 'state'));
let steps = 0;
const networking = openNetworking({
  store,
  ipam: openIpam(store),
  // Ends this process, as nothing can prevent, at its nth step.
  onStep: () => {
    if (++steps > Number(last)) process.kill(process.pid, 'SIGKILL');
  },
});
const ports = ['8080:80', '9000-9099:9000-9099', '6000-6001:80-81/udp'].map(parsePort);

switch (verb) {
  case 'attach':
    networking.attach({ network: 'bridge', sandbox: { id, path }, owner: id, ports });
    break;
  case 'detach':
    networking.detach({ sandbox: id });
    break;
  case 'create':
    networking.networks.create({ name: 'blue' });
    break;
  case 'remove':
    networking.networks.remove('blue');
    break;
  case 'police':
    networking.networks.policy.replace('bridge', {
      default: 'deny',
      rules: [{ verdict: 'allow', to: 'neighbour', ports: ['80'] }],
    });
    break;
  case 'unpolice':
    networking.networks.policy.replace('bridge', { default: 'allow', rules: [] });
    break;
  case 'churn': {
    // Makes a sandbox, attaches it and takes it off again, over and over, beside others.
    const seen: string[] = [];
    for (let round = 0; round < 5; round++) {
      pinNetns(path);
      const sandbox = { id, path };
      const port = [parsePort('80')];
      const endpoint = networking.attach({ network: 'bridge', sandbox, owner: id, ports: port });
      for (const { address } of endpoint.addresses) seen.push(address);
      for (const { address } of endpoint.addresses) {
        const holders = networking
          .endpoints()
          .filter((one) => one.addresses.some((held) => held.address === address));
        if (holders.length !== 1) throw new Error(`${address} is held ${holders.length} times`);
      }
      networking.detach({ sandbox: id, ending: round % 2 === 1 });
      unpinNetns(path);
    }
    process.stdout.write(seen.join(' '));
    break;
  }
  default:
    throw new Error(`no verb ${verb}`);
}
process.stdout.write(`${steps}\n`);
store.close();
