import { conforms } from './conformance.ts';

const subnets = [{ subnet: '192.0.2.0/24', gateway: '192.0.2.1', range: '192.0.2.64/26' }];

conforms('bridge', { spec: { subnets: [{ subnet: '10.5.0.0/24' }] }, ownMac: true });
conforms('macvlan', { spec: { driver: 'macvlan', subnets }, ownMac: true });
