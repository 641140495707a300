import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOwnHost } from '../../src/admin/hosts.ts';

const names = ['node-1.example'];

describe('the name that a request came by', () => {
  it.each([
    'localhost',
    'LocalHost:9465',
    '127.0.0.1',
    '127.0.0.1:9465',
    '192.0.2.7:9465',
    '[::1]',
    '[::1]:9465',
    'node-1.example',
    'Node-1.Example:443',
  ])('is taken: %s', (host) => {
    expect(isOwnHost(host, names)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:9465',
    'localhost.evil.example',
    'node-1.example.evil',
    'xnode-1.example',
    '127.0.0.1.evil.example',
    '127.0.0.1:9465:1',
    '[::1',
    '[127.0.0.1]',
    '[evil.example]',
    '::1',
    'localhost:',
    'localhost:123456',
    ' localhost',
    'user@localhost',
  ])('is refused: %s', (host) => {
    expect(isOwnHost(host, names)).toBe(false);
  });

  it('is never taken for being like another', () => {
    fc.assert(
      fc.property(fc.domain(), (host) => !isOwnHost(host, names) || host === 'localhost' || names.includes(host)),
    );
  });
});
