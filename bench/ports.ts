/** What publishing a range of 1,000 ports adds to a run, and what 100 ports add to docker's. */
import { dockerPeer } from './docker-peer.ts';
import { type Row, sideBySide, under } from './measure.ts';
import { makePlace } from './place.ts';

const ROUNDS = 11;
const DOCKER_ROUNDS = 1;

export const name = 'published ports, through the command line';

export async function run(): Promise<{ rows: Row[] }> {
  const place = await makePlace();
  try {
    const command = ['busybox', '/bin/true'];
    const hawser = sideBySide(ROUNDS, {
      none: () => place.hawser('run', '--rm', ...command),
      range: () => place.hawser('run', '--rm', '-p', '20000-20999:20000-20999', ...command),
    });
    const { docker } = await dockerPeer(place.tar);
    const peer = sideBySide(DOCKER_ROUNDS, {
      none: () => docker('run', '--rm', ...command),
      range: () => docker('run', '--rm', '-p', '20000-20099:20000-20099', ...command),
    });
    return {
      rows: [
        { what: 'docker: 100 ports over none', value: peer.range - peer.none, unit: 'ms' },
        { what: 'hawser: no port', value: hawser.none, unit: 'ms' },
        { what: 'hawser: 1,000 ports', value: hawser.range, unit: 'ms' },
        under('hawser: 1,000 ports over none', hawser.range - hawser.none, 20, 'ms'),
      ],
    };
  } finally {
    await place.dispose();
  }
}
