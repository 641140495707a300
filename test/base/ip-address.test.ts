import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalHost, isLinkLocal, isLoopback, networkOf } from '../../src/base/index.ts';

describe('canonical text', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:0201', '192.0.2.1'],
    ['::ffff:0:0', '0.0.0.0'],
    ['::ffff:192.0.2.1%eth0', '192.0.2.1'],
    ['::', '::'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1::', '1::'],
    ['::192.0.2.1', '::c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1::ffff:c000:201', '1::ffff:c000:201'],
    ['::1:ffff:c000:201', '::1:ffff:c000:201'],
    ['2001:DB8::00A1', '2001:db8::a1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['1:0:0:2:3:4:0:0', '1::2:3:4:0:0'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['febf::1%2', 'febf::1%2'],
    ['fe80::1', 'fe80::1'],
    ['2001:db8::1%eth0', '2001:db8::1'],
    ['fec0::1%eth0', 'fec0::1'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalHost(text)).toBe(expected);
  });

  test.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '01.2.3.4',
    '1.2.3.00',
    '1.2.3.256',
    '1.2.3.1000',
    '1.2.3.x',
    '1.2.3.4 ',
    '1.2.3.-4',
    '1.2.3./4',
    '1.2.3.:4',
    '192.0.2.1%eth0',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    '1:2:3:4::5:6:7:8::9',
    '1:2:3::4:5:6::',
    '1.2.3.4::',
    '::192.0.2.1%',
    '%eth0',
    '%',
    '1.2.3.4.',
    '10.20.30.',
    '.10.20.30',
    '10..20.30',
    '1.2.3.4.5.6.7.8',
    '::ffff:10.20.30.',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.4:5',
    '::ffff:1.2.3.256',
    'fe80::1%',
    'fe80::1%a%b',
    'fe80::1%e h',
    `fe80::1%${'x'.repeat(33)}`,
    `::1${' '.repeat(80)}`,
    `fe80::1%${'x'.repeat(80)}`,
  ])('%j is no address', (text) => {
    expect(canonicalHost(text)).toBeUndefined();
  });

  test('what is canonical stays as it is', () => {
    const group = fc.nat(0xffff).map((value) => value.toString(16));
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(group, { minLength: 8, maxLength: 8 }).map((g) => g.join(':')),
    );
    fc.assert(
      fc.property(address, (text) => {
        const once = canonicalHost(text);
        expect(once).toBeDefined();
        expect(canonicalHost(once ?? '')).toBe(once);
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.%x ') }), (text) => {
        const host = canonicalHost(text);
        expect(host === undefined || host.length > 1).toBe(true);
      }),
    );
  });
});

test('link-local addresses are 169.254.0.0/16 and fe80::/10', () => {
  expect(['169.254.1.1', 'fe80::1', 'febf::1', 'fe9a::1%eth0'].every(isLinkLocal)).toBe(true);
  expect(['169.253.1.1', 'fe7f::1', 'fec0::1', 'fe8::1', '1.169.254.1', '2001:db8::fe80:1'].some(isLinkLocal)).toBe(
    false,
  );
});

test('loopback addresses are 127.0.0.0/8 and ::1', () => {
  expect(['127.0.0.1', '127.255.0.3', '::1'].every(isLoopback)).toBe(true);
  expect(['128.0.0.1', '1.127.0.1', '::', '::11', '127.example'].some(isLoopback)).toBe(false);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::/64'],
  ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
  ['2001:db8:0:2::1', '2001:db8:0:2::/64'],
  ['::2', '::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
])('%s is of the network %s', (host, network) => {
  expect(networkOf(host)).toBe(network);
});
