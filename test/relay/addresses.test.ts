import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { announcedAddresses, ownAddressKeys } from '../../src/relay/addresses.ts';
import { udpAddress } from '../../src/relay/index.ts';

const machine = [
  '127.0.0.1',
  '192.0.2.7',
  '::1',
  '2001:db8::7',
  'fe80::1',
  '169.254.3.3',
  '::ffff:192.0.2.7',
  'not an address',
];
const bound = (host: string) => ({ host, port: 4000 });
const hosts = (addresses: readonly { host: string }[]) => addresses.map(({ host }) => host);

describe('without announced addresses', () => {
  test('a port at `::` is announced at every address, loopback last, link-local never', () => {
    const addresses = announcedAddresses([], bound('::'), machine);
    expect(hosts(addresses)).toEqual(['192.0.2.7', '2001:db8::7', '127.0.0.1', '::1']);
    expect(new Set(addresses.map(({ port }) => port))).toEqual(new Set([4000]));
  });

  test('a port at `0.0.0.0` is announced at the IPv4 ones', () => {
    expect(hosts(announcedAddresses([], bound('0.0.0.0'), machine))).toEqual(['192.0.2.7', '127.0.0.1']);
  });

  test.each(['127.0.0.1', '192.0.2.7', '2001:db8::9'])('a port at %s is announced there alone', (host) => {
    expect(hosts(announcedAddresses([], bound(host), machine))).toEqual([host]);
  });

  test('a machine without addresses cannot be announced', () => {
    expect(() => announcedAddresses([], bound('0.0.0.0'), ['::1', '169.254.1.1'])).toThrow(
      expect.objectContaining({ code: 'settings-invalid' }),
    );
  });

  test('a machine with very many addresses announces the first ones', () => {
    const many = Array.from({ length: limits.announcedAddressesMax + 1 }, (_, n) => `192.0.2.${n}`);
    expect(hosts(announcedAddresses([], bound('::'), many))).toEqual(many.slice(0, -1));
  });
});

describe('announced addresses', () => {
  test('are taken as they are, in canonical form and once each', () => {
    const announced = ['203.0.113.5', '2001:DB8::0005', '::ffff:203.0.113.5'];
    expect(announcedAddresses(announced, bound('::'), machine)).toEqual([
      { host: '203.0.113.5', port: 4000 },
      { host: '2001:db8::5', port: 4000 },
    ]);
  });

  test('must be IP addresses, and not too many', () => {
    const invalid = expect.objectContaining({ code: 'settings-invalid' });
    const many = Array.from({ length: limits.announcedAddressesMax + 1 }, (_, n) => `192.0.2.${n}`);
    expect(() => announcedAddresses(['relay.example'], bound('::'), machine)).toThrow(invalid);
    expect(() => announcedAddresses(many, bound('::'), machine)).toThrow(invalid);
    expect(announcedAddresses(many.slice(1), bound('::'), machine)).toHaveLength(limits.announcedAddressesMax);
  });
});

test('the relay knows itself at every address of the machine, announced or not, and at its own port only', () => {
  const own = ownAddressKeys([{ host: '203.0.113.5', port: 4000 }], bound('2001:db8::9'), machine);
  for (const host of ['203.0.113.5', '2001:db8::9', '127.0.0.1', '192.0.2.7', 'fe80::1']) {
    expect(own.has(udpAddress(host, 4000)?.key ?? '')).toBe(true);
    expect(own.has(udpAddress(host, 4001)?.key ?? '')).toBe(false);
  }
});
