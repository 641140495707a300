import { describe, expect, it } from 'vitest';
import { limits, Strangers } from '../../src/base/index.ts';
import { MemorySocket } from '../support/memory-transport.ts';
import { signalingWorld, worldAdmission } from '../support/signaling-world.ts';

const share = limits.connectionsUnregisteredPerAddressMax;

/** Places of which one address has taken its whole share. */
function takenBy(address: string, placesMax: number = limits.connectionsUnregisteredMax) {
  const places = new Strangers<number>(placesMax, share);
  for (let member = 0; member < share; member++) {
    expect(places.hasRoomFor(address)).toBe(true);
    places.add(member, address);
  }
  return places;
}

describe('connections without a token', () => {
  it.each([
    ['the same IPv4 address', '192.0.2.1', '192.0.2.1'],
    ['the same IPv6 address', '2001:db8::1', '2001:db8::1'],
    ['the same /64', '2001:db8::1', '2001:db8::ffff:1:2:3'],
    ['the same /64, written without zeros left out', '2001:db8:1:2::', '2001:db8:1:2:3:4:5:6'],
    ['the same /64, with its zeros left out elsewhere', '2001:db8:0:2::1', '2001:db8::2:0:0:0:1'],
    ['the same /64 of zeros', '::2', '0:0:0:0:1:2:3:4'],
    ['an address that nobody knows', '', ''],
  ])('past its share %s has no room', (_, address, again) => {
    expect(takenBy(address).hasRoomFor(again)).toBe(false);
  });

  it.each([
    ['another IPv4 address', '192.0.2.1', '192.0.2.10'],
    ['another /64', '2001:db8::1', '2001:db8:0:1::1'],
    ['another /64 that ends alike', '2001:db8:0:2::1', '2001:db8::2:0:0:1'],
    ['an IPv4 address', '2001:db8::1', '192.0.2.1'],
  ])('%s has its own share', (_, address, other) => {
    expect(takenBy(address).hasRoomFor(other)).toBe(true);
  });

  it('who gives a place back makes room for one, however often it does', () => {
    const places = takenBy('192.0.2.1');
    places.delete(0);
    places.delete(0);
    places.delete(share + 1);
    expect(places.hasRoomFor('192.0.2.1')).toBe(true);
    places.add(share, '192.0.2.1');
    expect(places.hasRoomFor('192.0.2.1')).toBe(false);
  });

  it('places that are given back leave nothing behind', () => {
    const places = takenBy('192.0.2.1');
    places.add(share, '2001:db8::1');
    expect([places.size, places.networks]).toEqual([share + 1, 2]);
    for (let member = 0; member <= share; member++) places.delete(member);
    expect([places.size, places.networks]).toEqual([0, 0]);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1'])('%s has no share but the whole: a proxy may be behind it', (address) => {
    const places = takenBy(address, share + 1);
    expect(places.hasRoomFor(address)).toBe(true);
    places.add(share, address);
    expect(places.hasRoomFor(address)).toBe(false);
    expect(places.hasRoomFor('192.0.2.1')).toBe(false);
  });

  it('an upgrade past its share is told when to come back; others, and a token, still get in', async () => {
    const world = signalingWorld(1, {
      settings: { realm: 'latchkey', unregisteredMax: 10 * share, admission: worldAdmission },
    });
    const crowd = { remoteAddress: '198.51.100.7' };
    const sockets: unknown[] = [];
    for (let count = 0; count < share; count++) sockets.push(await world.upgrade(crowd));
    expect(sockets.every((socket) => socket instanceof MemorySocket)).toBe(true);

    const refused = await world.upgrade(crowd);

    expect(refused).toMatchObject({ status: 503, headers: { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) } });
    expect(world.told).toEqual(['refused overloaded http']);
    expect(await world.upgrade({ remoteAddress: '198.51.100.8' })).toBeInstanceOf(MemorySocket);
    const headers = { authorization: 'Bearer viewer/alice' };
    expect(await world.upgrade({ ...crowd, headers })).toBeInstanceOf(MemorySocket);
    const [first] = sockets;
    if (first instanceof MemorySocket) first.ask('register', { authorization: 'viewer/alice' });
    await world.settle();
    expect(await world.upgrade(crowd)).toBeInstanceOf(MemorySocket);
    expect(await world.upgrade(crowd)).not.toBeInstanceOf(MemorySocket);
  });
});
