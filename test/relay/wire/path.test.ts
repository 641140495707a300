import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalHost } from '../../../src/base/index.ts';
import {
  copyOfPath,
  isConnection,
  localHostOf,
  type Path,
  pathOf,
  pathWords,
  placeKey,
  placeOf,
  remoteWords,
  sameRemote,
} from '../../../src/relay/wire/path.ts';

function demand(...of: Parameters<typeof pathOf>): Path {
  const path = pathOf(...of);
  if (path === undefined) throw new Error(`no path: ${of[0]} ${of[1]}`);
  return path;
}

describe('one place, one form', () => {
  test('an IPv4-mapped IPv6 address is the IPv4 address', () => {
    const ipv4 = demand('192.0.2.1', 5000);
    for (const text of ['::ffff:192.0.2.1', '::ffff:c000:0201', '0::ffff:c000:201']) {
      expect(pathOf(text, 5000)).toEqual(ipv4);
    }
  });

  test('other hosts, ports, scopes and connections have other words', () => {
    const paths = [
      demand('192.0.2.1', 5000),
      demand('192.0.2.1', 5001),
      demand('192.0.2.2', 5000),
      demand('192.0.2.1', 5000, { connection: 1 }),
      demand('::c000:201', 5000),
      demand('::1', 23),
      demand('::12', 3),
      demand('fe80::1%1', 5000),
      demand('fe80::1%2', 5000),
      demand('0.0.0.1', 1),
      demand('0.0.0.0', 65_535),
      demand('0.1.0.0', 1),
    ];
    for (const [index, path] of paths.entries()) {
      expect(paths.filter((other) => sameRemote(path, 0, other))).toEqual([paths[index]]);
    }
  });

  test.each([0, -1, 65_536, 1.5, Number.NaN])('port %d is no port', (port) => {
    expect(pathOf('192.0.2.1', port)).toBeUndefined();
  });

  test('the first and the last port are ports', () => {
    expect(placeOf(demand('::1', 1)).port).toBe(1);
    expect(placeOf(demand('::1', 65_535)).port).toBe(65_535);
  });
});

test('lies in memory as the kernel lays a sockaddr_in6', () => {
  const bytes = Buffer.from(demand('192.0.2.1', 0x1234, { local: '2001:db8::7' }).buffer);
  expect(bytes.toString('hex')).toBe(
    [
      '0a00',
      '1234',
      '00000000',
      '00000000000000000000ffffc0000201',
      '00000000',
      '20010db8000000000000000000000007',
    ].join(''),
  );
});

test('an address and a port come out as they went in, in canonical form', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), host, (remote, port, local) => {
      const path = demand(remote, port, { local });
      expect(placeOf(path)).toEqual({ host: canonicalHost(remote), port });
      expect(localHostOf(path)).toBe(canonicalHost(local));
      const padded = new Uint32Array(3 + pathWords);
      padded.set(path, 3);
      expect(copyOfPath(padded, 3)).toEqual(path);
      expect(sameRemote(padded, 3, path)).toBe(true);
      expect(placeKey(padded, 3)).toBe(placeKey(path));
    }),
  );
});

test('a scope stays with a link-local address', () => {
  expect(placeOf(demand('fe80::1%7', 5000)).host).toBe('fe80::1%7');
  expect(placeOf(demand('fe80::1', 5000, { scope: 3 })).host).toBe('fe80::1%3');
});

test('a local address does not make another place of one', () => {
  const one = demand('192.0.2.1', 5000, { local: '198.51.100.1' });
  const other = demand('192.0.2.1', 5000, { local: '198.51.100.2' });
  expect(sameRemote(one, 0, other)).toBe(true);
  expect(one.subarray(remoteWords)).not.toEqual(other.subarray(remoteWords));
});

test('a path with a connection’s number is a connection', () => {
  expect(isConnection(demand('192.0.2.1', 5000))).toBe(false);
  expect(isConnection(demand('192.0.2.1', 5000, { connection: 4_294_967_295 }))).toBe(true);
});

test('what is no address has no path, remote or local', () => {
  expect(pathOf('relay.example', 1)).toBeUndefined();
  expect(pathOf('192.0.2.1', 1, { local: 'here' })).toBeUndefined();
});
