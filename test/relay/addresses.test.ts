import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { announcedAddresses, ownPlaces } from '../../src/relay/addresses.ts';

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
      { host: '203.0.113.5', port: 4000, transport: 'udp' },
      { host: '2001:db8::5', port: 4000, transport: 'udp' },
    ]);
  });

  test('may have ports of their own, one after the other for each further worker', () => {
    const announced = ['203.0.113.5:50000', '[2001:db8::5]:50000', '10.0.0.5'];
    const places = (index: number) =>
      announcedAddresses(announced, bound('::'), machine, index).map(({ host, port }) => `${host} ${port}`);
    expect(places(0)).toEqual(['203.0.113.5 50000', '2001:db8::5 50000', '10.0.0.5 4000']);
    expect(places(3)).toEqual(['203.0.113.5 50003', '2001:db8::5 50003', '10.0.0.5 4000']);
  });

  test.each(['203.0.113.5:0', '203.0.113.5:65536', '[203.0.113.5', '203.0.113:80', '[relay]:80', '1.2.3.4:', ':80'])(
    '%s is none',
    (text) => {
      expect(() => announcedAddresses([text], bound('::'), machine)).toThrow(
        expect.objectContaining({ code: 'settings-invalid' }),
      );
    },
  );

  test('the last port is 65535, for the last worker too', () => {
    expect(announcedAddresses(['203.0.113.5:65530'], bound('::'), machine, 5)).toMatchObject([{ port: 65_535 }]);
    expect(() => announcedAddresses(['203.0.113.5:65530'], bound('::'), machine, 6)).toThrow('no such port');
  });

  test('must be IP addresses, and not too many', () => {
    const invalid = expect.objectContaining({ code: 'settings-invalid' });
    const many = Array.from({ length: limits.announcedAddressesMax + 1 }, (_, n) => `192.0.2.${n}`);
    expect(() => announcedAddresses(['relay.example'], bound('::'), machine)).toThrow(invalid);
    expect(() => announcedAddresses(many, bound('::'), machine)).toThrow(invalid);
    expect(announcedAddresses(many.slice(1), bound('::'), machine)).toHaveLength(limits.announcedAddressesMax);
  });
});

test('the relay knows itself at every address of the machine and every announced one, at its own port and the one outside', () => {
  const own = ownPlaces(['203.0.113.5', '198.51.100.1:50000'], '2001:db8::9', machine, 1);
  for (const host of ['203.0.113.5', '198.51.100.1', '2001:db8::9', '127.0.0.1', '192.0.2.7', 'fe80::1']) {
    expect(own).toContainEqual({ host, port: 0 });
  }
  expect(own).toContainEqual({ host: '198.51.100.1', port: 50_001 });
});
