import { describe, expect, it } from 'vitest';
import { bridgeMac, bridgeNameOf, hostIfnameOf, ownership } from '../../net/kernel-names.ts';
import { macOfAddress, parseMac } from '../../net/mac.ts';
import { checkInterfaceName, checkNetworkName, checkSandboxId } from '../../net/names.ts';
import { parseBridgeOptions } from '../../net/options.ts';

describe('names', () => {
  it.each(['blue', 'a', '0', 'my_net.1-x', 'n'.repeat(128)])('network %s', (name) => {
    expect(() => checkNetworkName(name)).not.toThrow();
  });

  it.each(['', '../x', 'a/b', '.a', '-a', 'a b', 'a\n', 'ü', 'n'.repeat(300), 'host', 'none'])(
    'no network %j',
    (name) => {
      expect(() => checkNetworkName(name)).toThrow(/^create network .*: the name /);
    },
  );

  it('shows no control characters and nothing endless in a message', () => {
    expect(() => checkNetworkName('\u001b[31m')).toThrow('"\\u001b[31m"');
    expect(() => checkNetworkName('x'.repeat(300))).toThrow(
      /^create network "x{40}…": the name has 300/,
    );
  });

  it.each(['eth0', 'a', 'x'.repeat(15), 'lan.1'])('interface %s', (name) => {
    expect(() => checkInterfaceName(name)).not.toThrow();
  });

  it.each(['', 'x'.repeat(16), 'ü'.repeat(8), '.', '..', 'a/b', 'a b', 'a:1', 'eth%d', 'lo'])(
    'no interface %j',
    (name) => {
      expect(() => checkInterfaceName(name)).toThrow(/^interface name/);
    },
  );

  it.each(['', '../x', 'a/b', 'a\0b', 'x'.repeat(129)])('no sandbox %j', (id) => {
    expect(() => checkSandboxId(id)).toThrow(/^sandbox id/);
  });

  it('are derived so that the kernel takes them', () => {
    expect(hostIfnameOf(`${'a'.repeat(64)}/eth0`)).toMatch(/^hv[0-9a-f]{13}$/);
    expect(hostIfnameOf('a/eth0')).not.toBe(hostIfnameOf('a/eth1'));
    expect(bridgeNameOf('0123456789abcdef'.repeat(4))).toBe('br-0123456789ab');
  });
});

describe('ownership of links', () => {
  const link = { name: 'x', kind: 'veth', mac: '', alias: undefined };

  it('is told by the alias', () => {
    expect(ownership({ ...link, alias: 'hawser:endpoint/web1/eth0' })).toEqual({
      endpoint: 'web1/eth0',
    });
    expect(ownership({ ...link, alias: 'hawser:network/f00' })).toEqual({ network: 'f00' });
    expect(ownership({ ...link, alias: 'uplink' })).toBeUndefined();
  });

  it('is seen from name and MAC between birth and alias', () => {
    expect(ownership({ ...link, name: hostIfnameOf('web1/eth0') })).toEqual({ endpoint: '?' });
    const ours = { ...link, kind: 'bridge', name: 'br-1', mac: bridgeMac('br-1') };
    expect(ownership(ours)).toEqual({ network: '?' });
    expect(ownership({ ...ours, mac: '02:42:00:00:00:01' })).toBeUndefined();
    expect(ownership({ ...link, name: 'hv0' })).toBeUndefined();
  });
});

describe('MAC addresses', () => {
  it('follow from the address', () => {
    expect(macOfAddress('172.17.0.2')).toBe('02:42:ac:11:00:02');
    expect(macOfAddress('fd00::5')).toMatch(/^02:42(:[0-9a-f]{2}){4}$/);
    expect(macOfAddress('fd00::5')).not.toBe(macOfAddress('fd00::6'));
  });

  it('are made canonical', () => {
    expect(parseMac('02-42-AC-11-00-02')).toBe('02:42:ac:11:00:02');
  });

  it.each([
    ['', 'must be six pairs'],
    ['02:42:ac:11:00', 'must be six pairs'],
    ['02:42:ac:11:00:0g', 'must be six pairs'],
    ['01:00:5e:00:00:01', 'is a multicast address'],
    ['00:00:00:00:00:00', 'is all zero'],
  ])('%j is refused', (text, why) => {
    expect(() => parseMac(text)).toThrow(why);
  });
});

describe('network options', () => {
  it('have defaults', () => {
    expect(parseBridgeOptions({})).toEqual({
      icc: true,
      answersOnly: false,
      masquerade: true,
      ifPrefix: 'eth',
      spoofProtection: true,
    });
  });

  it('are read by their Docker names', () => {
    expect(
      parseBridgeOptions({
        'com.docker.network.bridge.name': 'lan0',
        'com.docker.network.bridge.enable_icc': 'false',
        'com.docker.network.bridge.enable_ip_masquerade': '0',
        'com.docker.network.driver.mtu': '1400',
        'com.docker.network.container_iface_prefix': 'net',
        isolate: 'strict',
        'hawser.spoof-protection': 'false',
      }),
    ).toEqual({
      bridge: 'lan0',
      icc: false,
      answersOnly: true,
      masquerade: false,
      mtu: 1400,
      ifPrefix: 'net',
      spoofProtection: false,
    });
  });

  it.each([
    [{ 'com.docker.network.bridge.nam': 'x' }, 'is not known'],
    [{ 'com.docker.network.driver.mtu': '67' }, 'is 68 to 65535'],
    [{ 'com.docker.network.driver.mtu': '1e3' }, 'is 68 to 65535'],
    [{ 'com.docker.network.bridge.enable_icc': 'yes' }, 'is true or false'],
    [{ 'com.docker.network.bridge.name': 'a"b' }, 'may have letters'],
    [{ 'com.docker.network.container_iface_prefix': 'x'.repeat(13) }, 'interface name'],
  ])('%j is refused', (options, why) => {
    expect(() => parseBridgeOptions(options)).toThrow(why);
  });
});
