import { describe, expect, it } from 'vitest';
import { hostsFile, parseExtraHost, resolvConfFile } from '../../net/etc.ts';

describe('hostsFile', () => {
  it('is what docker writes', () => {
    const text = hostsFile({
      hostname: 'web1.example.org',
      addresses: ['172.17.0.2', 'fd00::2'],
      extraHosts: ['db:10.0.0.5'],
    });
    expect(text).toBe(
      `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
10.0.0.5\tdb
172.17.0.2\tweb1.example.org web1
fd00::2\tweb1.example.org web1
`,
    );
  });

  it("begins with the host's own in the host's sandbox", () => {
    const host = '127.0.0.1 localhost\n\n127.0.1.1 machine\n\n';
    expect(hostsFile({ host, hostname: 'machine', addresses: [], extraHosts: ['a=::1'] })).toBe(
      '127.0.0.1 localhost\n\n127.0.1.1 machine\n::1\ta\n',
    );
  });

  it.each(['', 'a', 'a:', ':1.2.3.4', 'a:b', 'a b:1.2.3.4', 'a\n:1.2.3.4'])(
    'refuses --add-host %j',
    (text) => {
      expect(() => parseExtraHost(text)).toThrow('it has the form NAME:ADDRESS');
    },
  );

  it('takes IPv6 with and without brackets', () => {
    expect(parseExtraHost('a:[::1]')).toEqual({ name: 'a', address: '::1' });
    expect(parseExtraHost('a:fd00::1')).toEqual({ name: 'a', address: 'fd00::1' });
  });
});

describe('resolvConfFile', () => {
  const host = `# by hand
nameserver 127.0.0.53
nameserver 192.0.2.53 ; the real one
search example.org lan
options edns0 trust-ad
`;

  it("is the host's without the servers on its loopback", () => {
    expect(resolvConfFile({ host })).toBe(
      'nameserver 192.0.2.53\nsearch example.org lan\noptions edns0 trust-ad\n',
    );
  });

  it("keeps them in the host's sandbox", () => {
    expect(resolvConfFile({ host, sharesHost: true })).toContain('nameserver 127.0.0.53\n');
  });

  it('falls back to public servers rather than to none', () => {
    expect(resolvConfFile({ host: 'nameserver ::1\n' })).toBe(
      'nameserver 8.8.8.8\nnameserver 8.8.4.4\n',
    );
  });

  it('takes what is asked for instead', () => {
    expect(resolvConfFile({ host, dns: ['10.0.0.1'], search: ['.'], options: ['ndots:2'] })).toBe(
      'nameserver 10.0.0.1\noptions ndots:2\n',
    );
  });

  it('refuses a server that is no address', () => {
    expect(() => resolvConfFile({ host, dns: ['dns.example\nnameserver 6.6.6.6'] })).toThrow(
      'is not an address',
    );
  });
});
