import { describe, expect, it } from 'vitest';
import { resolveMode } from '../../net/modes.ts';

describe('resolveMode', () => {
  it.each([
    [[], { kind: 'own', attachments: ['bridge'] }],
    [['default'], { kind: 'own', attachments: ['bridge'] }],
    [['bridge'], { kind: 'own', attachments: ['bridge'] }],
    [['blue', 'red'], { kind: 'own', attachments: ['blue', 'red'] }],
    [['none'], { kind: 'own', attachments: [] }],
    [['host'], { kind: 'host' }],
    [['container:web1'], { kind: 'container', container: 'web1' }],
    [['ns:/run/netns/x'], { kind: 'namespace', path: '/run/netns/x' }],
    [['container:ns:/run/netns/x'], { kind: 'namespace', path: '/run/netns/x' }],
  ])('%j is %j', (names, mode) => {
    expect(resolveMode(names)).toEqual(mode);
  });

  it.each([
    [['host', 'blue'], 'network host cannot be combined with other networks'],
    [['blue', 'none'], 'network none cannot be combined with other networks'],
    [['container:a', 'blue'], 'network container:a cannot be combined with other networks'],
    [['blue', 'blue'], 'network blue is named twice'],
    [['default', 'bridge'], 'network bridge is named twice'],
    [[''], 'a network cannot have an empty name'],
    [['container:'], "network container: must go on with a container's name or id"],
    [['ns:x'], 'network ns:x must go on with the absolute path of a namespace'],
  ])('%j is refused', (names, sentence) => {
    expect(() => resolveMode(names)).toThrow(sentence);
  });
});
