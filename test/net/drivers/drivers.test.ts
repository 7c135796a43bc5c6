import { conforms } from './conformance.ts';

const subnets = [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1', range: '192.0.2.64/26' }];

conforms('bridge', { spec: { subnets: [{ subnet: '10.5.0.0/24' }] }, ownMac: true });
conforms('bounded bridge', {
  spec: { subnets: [{ subnet: '10.5.0.0/24' }] },
  ownMac: true,
  wish: { shaping: { egressRate: 50_000_000, ingressRate: 50_000_000 } },
});
conforms('adopted bridge', {
  prepare: (host) => {
    host.exec(['ip', 'link', 'add', 'br0', 'type', 'bridge']);
    host.exec(['ip', 'link', 'set', 'br0', 'up']);
    host.exec(['ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'br0']);
  },
  spec: {
    subnets: [{ subnet: '10.5.0.0/24' }],
    options: { 'com.docker.network.bridge.name': 'br0' },
  },
  ownMac: true,
});
conforms('macvlan', { spec: { driver: 'macvlan', subnets }, ownMac: true });
