/** `hawser run --rm` of /bin/true against `docker run --rm` of it, each a cold process, mode by mode. */
import { execFileSync } from 'node:child_process';
import { dockerPeer } from './docker-peer.ts';
import { type Row, sideBySide, under } from './measure.ts';
import { makePlace } from './place.ts';

const ROUNDS = 15;

export const name = 'hawser run --rm busybox /bin/true, beside docker run';

export async function run(): Promise<{ rows: Row[] }> {
  const place = await makePlace();
  try {
    const { docker } = await dockerPeer(place.tar);
    const rows: Row[] = [];
    for (const mode of ['bridge', 'host', 'none']) {
      const command = ['run', '--rm', '--network', mode, 'busybox', '/bin/true'];
      const times = sideBySide(ROUNDS, {
        hawser: () => place.hawser(...command),
        docker: () => docker(...command),
      });
      rows.push(
        { what: `${mode}: docker`, value: times.docker, unit: 'ms' },
        { what: `${mode}: hawser`, value: times.hawser, unit: 'ms' },
        under(`${mode}: hawser / docker`, times.hawser / times.docker, 1, ''),
      );
    }
    rows.push({ what: 'of which node itself', value: nodeAlone(), unit: 'ms' });
    return { rows };
  } finally {
    await place.dispose();
  }
}

function nodeAlone(): number {
  return sideBySide(ROUNDS, {
    node: () => execFileSync(process.execPath, ['--eval', '0'], { stdio: 'pipe' }),
  }).node;
}
