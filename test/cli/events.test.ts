import { describe, expect, it } from 'vitest';
import { blueId, hawser, webId } from './fake.ts';

describe('events', () => {
  it('are told as docker tells them', async () => {
    const { code, stdout, stderr } = await hawser(['events']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      `2026-01-01T00:00:00.000Z container exec_start: sh -c true ${webId} (execID=beef, image=busybox, name=web)\n` +
        `2026-01-01T00:00:00.001Z network disconnect ${blueId} (container=${webId}, containerName=web, interface=eth0, name=blue, type=bridge)\n`,
    );
  });

  it('are one object a line for programs', async () => {
    const { stdout } = await hawser(['events', '--format', 'json']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { type: 'container', action: 'exec_start', attributes: { command: 'sh -c true' } },
      { type: 'network', action: 'disconnect', name: 'blue' },
    ]);
  });

  it('are asked for as the options say', async () => {
    const filters = [
      'type=network',
      'event=connect',
      'event=disconnect',
      'label=a=b',
      'container=web',
    ];
    const { engine } = await hawser([
      ...['events', '--since', '2026-01-01T00:00:00Z', '--until', '1767225660'],
      ...filters.flatMap((filter) => ['-f', filter]),
    ]);
    expect(engine.calls).toEqual([
      [
        'events',
        {
          since: new Date('2026-01-01T00:00:00Z'),
          until: new Date('2026-01-01T00:01:00Z'),
          filters: {
            type: ['network'],
            event: ['connect', 'disconnect'],
            label: ['a=b'],
            container: ['web'],
          },
        },
      ],
    ]);
  });

  it.each([
    [['-f', 'colour=red'], /^hawser: --filter "colour=red": not one of type, event/],
    [['-f', 'type=image'], /^hawser: --filter "type=image": no type is called image/],
    [['--since', 'lunch'], /^hawser: --since "lunch": neither a time nor how long ago/],
    [['--format', '{{.ID}}'], /^hawser: --format "\{\{\.ID\}\}": hawser has no Go templates/],
  ])('%j is refused', async (options, why) => {
    const { code, stderr, engine } = await hawser(['events', ...options]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(why);
    expect(engine.calls).toEqual([]);
  });
});
