import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
import { ClientAddresses } from '../../../src/signaling/transport/client-address.ts';

const clients = new ClientAddresses(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32']);

describe('the address of a client', () => {
  it.each([
    ['is its own, whatever it says, where it is no trusted proxy', '203.0.113.1', '198.51.100.1', '203.0.113.1'],
    ['is its own where the proxy says nothing', '127.0.0.1', undefined, '127.0.0.1'],
    ['is what a trusted proxy says', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is what the last trusted proxy says of several', '10.1.1.1', '1.1.1.1, 198.51.100.1 ,10.9.9.9', '198.51.100.1'],
    ['is not what the client wrote itself', '10.1.1.1', '10.2.2.2, 1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['may be a trusted one, where there is no other', '10.1.1.1', '10.2.2.2', '10.2.2.2'],
    ['is the last that can be read', '10.1.1.1', '198.51.100.1, unknown, 10.3.3.3', '10.3.3.3'],
    ['is IPv4 where it is mapped into IPv6', '127.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
    ['may come over IPv6', '2001:db8::1', '2001:DB9:0::7', '2001:db9::7'],
    ['has no port', '127.0.0.1', '198.51.100.1:1234', '127.0.0.1'],
  ])('%s', (_, peer, said, address) => {
    expect(clients.of(peer, said)).toBe(address);
  });

  it('is looked for among a bounded number of proxies', () => {
    const far = ['198.51.100.1', ...Array.from({ length: limits.forwardedHopsMax }, () => '10.0.0.1')];
    expect(clients.of('10.0.0.1', far.join())).toBe('10.0.0.1');
    expect(clients.of('10.0.0.1', [far[0], ...far.slice(2)].join())).toBe('198.51.100.1');
  });

  it('is never what an untrusted peer says, and nothing makes it throw', () => {
    fc.assert(fc.property(fc.string(), (said) => clients.of('203.0.113.1', said) === '203.0.113.1'));
    fc.assert(fc.property(fc.string(), (said) => clients.of('10.0.0.1', said) !== ''));
  });

  it.each(['', 'proxy.example', '10.0.0.0/33', '10.0.0.0/x'])('cannot be told by %j', (trusted) => {
    expect(() => new ClientAddresses([trusted])).toThrow(LatchkeyError);
  });
});
