import { beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { KeepAlive } from '../../../src/signaling/transport/keep-alive.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const periodMs = 1_000;

class Peer {
  readonly told: string[] = [];

  ping(): void {
    this.told.push('ping');
  }

  silent(): void {
    this.told.push('silent');
  }
}

describe('keep-alive', () => {
  let clock: ManualClock;
  let keepAlive: KeepAlive<Peer>;
  let peer: Peer;

  beforeEach(() => {
    clock = new ManualClock();
    keepAlive = new KeepAlive(clock, periodMs);
    peer = new Peer();
    keepAlive.heard(peer);
  });

  it('pings a peer that was silent for the period, once, and gives it up after twice as long', () => {
    clock.advance(periodMs - 1);
    expect(peer.told).toEqual([]);
    clock.advance(1);
    expect(peer.told).toEqual(['ping']);
    clock.advance(periodMs - 1);
    expect(peer.told).toEqual(['ping']);
    clock.advance(1);
    expect(peer.told).toEqual(['ping', 'silent']);
    clock.advance(10 * periodMs);
    expect(peer.told).toEqual(['ping', 'silent']);
  });

  it('is never more than a quarter of the period late', () => {
    clock.advance(1);
    const late = new Peer();
    keepAlive.heard(late);
    clock.advance(periodMs * 1.25);
    expect(late.told).toEqual(['ping']);
    clock.advance(periodMs);
    expect(late.told).toEqual(['ping', 'silent']);
  });

  it('takes a fleet that is due at once a part at a time, with rests between', () => {
    const fleet = Array.from({ length: 3 * limits.keepAlivePeersPerSweepMax }, () => new Peer());
    for (const each of fleet) keepAlive.heard(each);
    const pinged = () => fleet.filter(({ told }) => told.length > 0).length;
    clock.advance(periodMs);
    expect(pinged()).toBe(limits.keepAlivePeersPerSweepMax - 1);
    clock.advance(limits.keepAliveRestMs);
    expect(pinged()).toBe(2 * limits.keepAlivePeersPerSweepMax - 1);
    clock.advance(2 * limits.keepAliveRestMs);
    expect(pinged()).toBe(fleet.length);
    clock.advance(2 * periodMs);
    expect(fleet.every(({ told }) => told.join() === 'ping,silent')).toBe(true);
  });

  it('leaves a peer alone that talks', () => {
    for (let round = 0; round < 20; round++) {
      clock.advance(periodMs / 2);
      keepAlive.heard(peer);
    }
    expect(peer.told).toEqual([]);
  });

  it('takes what it hears twice within a sixteenth of the period for once, and pings that much too early at most', () => {
    clock.advance(periodMs / 16 - 1);
    keepAlive.heard(peer);
    clock.advance(periodMs / 16 + 1);
    const other = new Peer();
    keepAlive.heard(other);
    clock.advance(periodMs / 16);
    keepAlive.heard(other);
    clock.advance(periodMs - (3 * periodMs) / 16);
    expect([peer.told, other.told]).toEqual([['ping'], []]);
    clock.advance(periodMs / 4 - 1);
    expect(other.told).toEqual([]);
    clock.advance(1);
    expect(other.told).toEqual(['ping']);
  });

  it('begins anew with a peer that answered its ping', () => {
    clock.advance(periodMs);
    keepAlive.heard(peer);
    clock.advance(periodMs - 1);
    expect(peer.told).toEqual(['ping']);
    clock.advance(1);
    expect(peer.told).toEqual(['ping', 'ping']);
  });

  it('gives up the silent ones among many, and no others', () => {
    const peers = Array.from({ length: 100 }, () => new Peer());
    for (const each of peers) keepAlive.heard(each);
    for (let round = 0; round < 4; round++) {
      clock.advance(periodMs / 2);
      for (const [index, each] of peers.entries()) if (index % 2 === 0) keepAlive.heard(each);
    }
    expect(peers.filter((each) => each.told.includes('silent'))).toEqual(peers.filter((_, index) => index % 2 === 1));
    expect(peers[0]?.told).toEqual([]);
  });

  it('forgets a peer that is gone, pinged or not', () => {
    const pinged = new Peer();
    keepAlive.heard(pinged);
    keepAlive.forget(peer);
    clock.advance(periodMs);
    keepAlive.forget(pinged);
    clock.advance(5 * periodMs);
    expect(peer.told).toEqual([]);
    expect(pinged.told).toEqual(['ping']);
  });

  it('names all that are there, pinged or not, and none that was forgotten or given up', () => {
    const [gone, late] = [new Peer(), new Peer()];
    keepAlive.heard(gone);
    clock.advance(periodMs);
    keepAlive.heard(late);
    keepAlive.forget(gone);
    expect([...keepAlive.peers()]).toEqual([late, peer]);
    clock.advance(periodMs);
    expect([...keepAlive.peers()]).toEqual([late]);
  });

  it('gives nobody up that it has only just pinged, however long this process or the clock has jumped', () => {
    clock.setBack(-10 * periodMs);
    clock.advance(periodMs / 4);
    expect(peer.told).toEqual(['ping']);
    keepAlive.heard(peer);
    clock.advance(periodMs - 1);
    expect(peer.told).toEqual(['ping']);
  });

  it('gives those that it has pinged their time anew where this process stood still: their answers may not be read yet', () => {
    clock.advance(periodMs);
    expect(peer.told).toEqual(['ping']);
    clock.setBack(-10 * periodMs);
    clock.advance(periodMs);
    expect(peer.told).toEqual(['ping']);
    clock.advance(periodMs / 4);
    expect(peer.told).toEqual(['ping', 'silent']);
  });

  it('goes on when the clock is set back: with those before it, with those that come later, and with those that were pinged', () => {
    const pinged = new Peer();
    keepAlive.heard(pinged);
    clock.advance(periodMs);
    expect(pinged.told).toEqual(['ping']);
    keepAlive.heard(peer);
    clock.setBack(3_600_000);
    const later = new Peer();
    keepAlive.heard(later);
    clock.advance(periodMs / 4);
    expect([peer.told, pinged.told, later.told]).toEqual([['ping', 'ping'], ['ping'], []]);
    clock.advance(periodMs);
    expect([peer.told, pinged.told, later.told]).toEqual([['ping', 'ping', 'silent'], ['ping', 'silent'], ['ping']]);
  });

  it('leaves no timer when it stops', () => {
    keepAlive.stop();
    expect(clock.pending).toBe(0);
    clock.advance(5 * periodMs);
    expect(peer.told).toEqual([]);
  });
});
