import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { RtpStreams } from '../../../src/relay/engine/rtp-streams.ts';
import { SideMemory } from '../../../src/relay/engine/side-memory.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { OneSide } from '../support/one-stream.ts';
import { arrivals, beganMs, PlainJitter, timestampAt, upTo } from '../support/rtp-arrivals.ts';

/** A side whose packets all come at one time, with one timestamp: what matters is their numbers. */
class Numbers {
  readonly streams = new OneSide();

  packet(ssrc: number, sequenceNumber: number): void {
    this.streams.packet(beganMs, ssrc, sequenceNumber, 0);
  }
}

describe('packets that never came', () => {
  test.each<[string, number[], number]>([
    ['nothing is missing in order', [1, 2, 3, 4], 0],
    ['a gap', [1, 2, 5, 6], 2],
    ['over the wrap', [65_534, 65_535, 0, 1], 0],
    ['a gap over the wrap', [65_534, 2], 3],
    ['a repeated packet', [1, 2, 2, 3], 0],
    ['a late packet', [1, 3, 2, 4], 0],
    ['a late packet twice', [1, 4, 2, 2, 5], 1],
    ['a late packet over the wrap', [65_535, 1, 0], 0],
    ['a packet from before the first', [10, 9, 8, 11], 0],
    ['late by 31 places', [1, 33, 2], 30],
    ['late by 32 places counts as lost', [1, 34, 2], 32],
    ['an old one again, beyond what is remembered', [1, 2, 40, 1], 37],
    ['late by one after a jump of 31', [1, 32, 31], 29],
    ['late by one after a jump of 32', [1, 33, 32], 30],
    ['late by one after a jump of 40', [1, 41, 40], 38],
    ['the first one again after a jump of 31', [1, 32, 1], 30],
    ['the largest gap', [0, 2_999], 2_998],
    ['a larger step is a new beginning', [0, 3_000, 3_001, 3_003], 1],
    ['a long way back is a new beginning', [10_000, 7_000, 7_002], 1],
    ['less far back is an old packet', [10_000, 7_001, 10_001], 0],
  ])('%s', (_name, sequence, lost) => {
    const numbers = new Numbers();
    for (const number of sequence) numbers.packet(1, number);
    expect(numbers.streams.lost).toBe(lost);
    expect(numbers.streams.received).toBe(sequence.length);
  });

  test('each SSRC has its own numbers', () => {
    const numbers = new Numbers();
    for (const [ssrc, number] of [
      [1, 1],
      [-1, 500],
      [1, 2],
      [-1, 502],
    ] as const) {
      numbers.packet(ssrc, number);
    }
    expect(numbers.streams.lost).toBe(1);
    expect(numbers.streams.size).toBe(2);
  });

  test('a new stream beyond the bound makes the oldest go, and what it lost stays counted', () => {
    const { streams, packet } = bound(new Numbers());
    packet(0, 1);
    packet(0, 3);
    for (let ssrc = 1; ssrc <= limits.streamsPerSideMax; ssrc++) packet(ssrc, 1);
    expect(streams.size).toBe(limits.streamsPerSideMax);
    packet(1, 2);
    packet(1, 4);
    expect(streams.lost).toBe(2);
    packet(0, 100);
    expect(streams.lost).toBe(2);
    streams.clear();
    expect(streams.size).toBe(0);
    expect(streams.lost).toBe(2);
    packet(0, 200);
    expect(streams.lost).toBe(2);
    expect(streams.size).toBe(1);
  });

  test('a stream that began anew is no longer the oldest', () => {
    const { streams, packet } = bound(new Numbers());
    for (let ssrc = 0; ssrc < limits.streamsPerSideMax; ssrc++) packet(ssrc, 1);
    packet(0, 10_000);
    packet(99, 1);
    packet(0, 10_002);
    expect(streams.lost).toBe(1);
    packet(1, 3);
    expect(streams.lost).toBe(1);
  });

  test('is what was left out, for any order that packets can arrive in within 31 places', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.array(fc.record({ comes: fc.boolean(), late: fc.nat(15) }), { minLength: 1, maxLength: 100 }),
        (start, packets) => {
          const numbers = new Numbers();
          const kept = packets
            .map(({ comes, late }, n) => ({ n, comes: comes || n === 0 || n === packets.length - 1, order: n + late }))
            .map((packet) => (packet.n === 0 ? { ...packet, order: -1 } : packet))
            .filter(({ comes }) => comes)
            .sort((a, b) => a.order - b.order || a.n - b.n);
          for (const { n } of kept) numbers.packet(9, (start + n) & 0xffff);
          expect(numbers.streams.lost).toBe(packets.length - kept.length);
        },
      ),
    );
  });
});

describe('the longest silence', () => {
  test('is none before the first packet, and counts from it', () => {
    const streams = new OneSide();
    expect(streams.longestSilenceMs(beganMs)).toBe(0);
    streams.packet(beganMs, 1, 1, 0);
    expect(streams.longestSilenceMs(beganMs)).toBe(0);
    expect(streams.longestSilenceMs(beganMs + 12.5)).toBe(12.5);
  });

  test('is the longest one, of all streams together, closed or open', () => {
    const streams = new OneSide();
    for (const [n, atMs] of [0, 20, 620, 640, 1_000].entries()) streams.packet(beganMs + atMs, n % 2, n, n);
    expect(streams.longestSilenceMs(beganMs + 1_000)).toBe(600);
    expect(streams.longestSilenceMs(beganMs + 1_600)).toBe(600);
    expect(streams.longestSilenceMs(beganMs + 1_601)).toBe(601);
    expect(streams.longestSilenceMs(beganMs + 1_000)).toBe(600);
    streams.clear();
    expect(streams.longestSilenceMs(beganMs + 1_000)).toBe(600);
  });

  test('is none while time stands still or goes back', () => {
    const streams = new OneSide();
    for (const atMs of [0, 0, -500, -500]) streams.packet(beganMs + atMs, 1, 1, 0);
    expect(streams.longestSilenceMs(beganMs - 1_000)).toBe(0);
  });
});

/** One stream of a side, which sends by the clock. */
class Sender {
  sequenceNumber = 65_400;
  readonly #streams: OneSide;
  readonly #ssrc: number;
  readonly #hertz: number;

  constructor(streams: OneSide, ssrc: number, hertz: number) {
    this.#streams = streams;
    this.#ssrc = ssrc;
    this.#hertz = hertz;
  }

  /** Sends packets of what was taken at one time, which come a while after it. */
  send(takenMs: number, delayMs: number, packets = 1): void {
    for (let n = 0; n < packets; n++) {
      this.sequenceNumber = (this.sequenceNumber + 1) & 0xffff;
      this.packet(takenMs, delayMs, this.sequenceNumber);
    }
  }

  /** Sends one packet with any number. */
  packet(takenMs: number, delayMs: number, sequenceNumber: number): void {
    const timestamp = timestampAt(takenMs, this.#hertz, -50_000);
    this.#streams.packet(beganMs + takenMs + delayMs, this.#ssrc, sequenceNumber, timestamp);
  }
}

describe('jitter', () => {
  test('is none before a clock is known, and then what the RFC says it is, with loss and reordering', () => {
    const random = seededRandom(6_041);
    const streams = new OneSide();
    const plain = new PlainJitter(90_000);
    let sequenceNumber = 65_000;
    for (const arrival of arrivals(1_000 / 30, 60_000, upTo(30, random))) {
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      if (random.fraction() < 0.1) continue;
      const timestamp = timestampAt(arrival.takenMs, 90_000, 77);
      streams.packet(arrival.atMs, -7, sequenceNumber, timestamp);
      // A packet of half a second ago, which came by another way.
      streams.packet(arrival.atMs, -7, (sequenceNumber - 15) & 0xffff, timestamp - 45_000);
      if (streams.received === 2) plain.skip(arrival);
      else plain.packet(arrival);
      if (arrival.takenMs < 3_000) expect(streams.jitterMs).toBeUndefined();
      // By then nothing is left of where the two began.
      if (arrival.takenMs > 15_000) expect(streams.jitterMs).toBeCloseTo(plain.ms, 3);
    }
    expect(streams.lost).toBeGreaterThan(0);
    expect(plain.ms).toBeGreaterThan(5);
  });

  test('is that of the busiest stream, and not of its retransmissions', () => {
    const streams = new OneSide();
    const video = new Sender(streams, 1, 90_000);
    const sound = new Sender(streams, 2, 48_000);
    const retransmissions = new Sender(streams, 3, 90_000);
    for (let n = 0; n < 1_000; n++) {
      video.send(n * 40, (n % 2) * 4, 6);
      for (const half of [0, 20]) sound.send(n * 40 + half, 4);
      if (n % 3 === 0) retransmissions.send(n * 40 - 200, 205 + (n % 7));
    }
    expect(streams.jitterMs).toBeCloseTo(4, 2);
  });

  test('is not that of a busier stream whose clock is none', () => {
    const streams = new OneSide();
    const odd = new Sender(streams, 1, 60_000);
    const sound = new Sender(streams, 2, 48_000);
    for (let n = 0; n < 1_000; n++) {
      odd.send(n * 20, 0, 6);
      sound.send(n * 20, (n % 2) * 4);
    }
    expect(streams.jitterMs).toBeCloseTo(4, 2);
  });

  test('is that of the stream that is the busiest now', () => {
    const streams = new OneSide();
    const before = new Sender(streams, 1, 90_000);
    const after = new Sender(streams, 2, 90_000);
    for (let n = 0; n < 1_000; n++) before.send(n * 40, (n % 2) * 4, 6);
    expect(streams.jitterMs).toBeCloseTo(4, 2);
    for (let n = 1_000; n < 1_070; n++) after.send(n * 40, (n % 2) * 8);
    expect(streams.jitterMs).toBeCloseTo(4, 2);
    for (let n = 1_070; n < 1_400; n++) after.send(n * 40, (n % 2) * 8);
    expect(streams.jitterMs).toBeCloseTo(8, 2);
  });

  test('stays what it was while a stream begins anew, makes room, or the side is over', () => {
    const streams = new OneSide();
    const video = new Sender(streams, 1, 90_000);
    for (let n = 0; n < 1_000; n++) video.send(n * 40, (n % 2) * 4);
    video.sequenceNumber += 20_000;
    for (let n = 1_000; n < 1_050; n++) video.send(n * 40, (n % 2) * 40);
    expect(streams.jitterMs).toBeCloseTo(4, 2);
    for (let n = 1_050; n < 1_500; n++) video.send(n * 40, (n % 2) * 40);
    expect(streams.jitterMs).toBeCloseTo(40, 2);
    for (let ssrc = 100; ssrc <= 100 + limits.streamsPerSideMax; ssrc++) {
      streams.packet(beganMs + 60_000, ssrc, 1, 0);
      streams.packet(beganMs + 60_030, ssrc, 2, 90);
    }
    expect(streams.jitterMs).toBeCloseTo(40, 2);
    streams.clear();
    expect(streams.jitterMs).toBeCloseTo(40, 2);
  });

  test('goes on after a time that went back', () => {
    const streams = new OneSide();
    const video = new Sender(streams, 1, 90_000);
    for (let n = 0; n < 500; n++) video.send(n * 40, (n % 2) * 4);
    for (let n = 500; n < 1_000; n++) video.send(n * 40, (n % 2) * 8 - 3_600_000);
    expect(streams.jitterMs).toBeCloseTo(8, 2);
  });
});

test('a side has its own streams, however many another one has', () => {
  const streams = new RtpStreams(2, new SideMemory(1));
  for (const side of [0, 1]) streams.begin(side);
  for (const ssrc of [1, 2, 3]) streams.packet(0, beganMs, ssrc, 100, 0);
  for (const [ssrc, number] of [
    [2, 7],
    [2, 9],
    [3, 40],
  ] as const) {
    streams.packet(1, beganMs, ssrc, number, 0);
  }
  expect([0, 1].map((side) => streams.size(side))).toEqual([3, 2]);
  expect([0, 1].map((side) => streams.lost(side))).toEqual([0, 1]);
});

test('nothing that a header can say breaks it: its numbers stay finite and are never negative', () => {
  const anyInt = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const anyStep = fc.oneof(fc.nat(40), fc.double({ min: -1e4, max: 1e12, noNaN: true }));
  const packet = fc.record({
    waitMs: anyStep,
    ssrc: fc.oneof(fc.nat(2), anyInt),
    step: fc.oneof(fc.constant(1), fc.integer({ min: -40, max: 40 }), fc.nat(65_535)),
    ticks: fc.oneof(fc.constant(3_000), fc.constant(0), anyInt),
    repeat: fc.oneof(fc.constant(1), fc.nat(300)),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 30 }), (packets) => {
      const streams = new OneSide();
      let atMs = beganMs;
      let sequenceNumber = 0;
      let timestamp = 0;
      let received = 0;
      for (const { waitMs, ssrc, step, ticks, repeat } of packets) {
        for (let n = 0; n < repeat; n++) {
          atMs += waitMs;
          sequenceNumber = (sequenceNumber + step) & 0xffff;
          timestamp = (timestamp + ticks) | 0;
          streams.packet(atMs, ssrc, sequenceNumber, timestamp);
          received++;
        }
        for (const value of [streams.lost, streams.longestSilenceMs(atMs), streams.jitterMs ?? 0]) {
          expect(Number.isFinite(value) && value >= 0).toBe(true);
        }
      }
      expect(streams.received).toBe(received);
      expect(streams.size).toBeLessThanOrEqual(limits.streamsPerSideMax);
    }),
    { seed: 3_550, numRuns: 300 },
  );
});

/** The packets of a side, and the way to add one. */
function bound(numbers: Numbers): { streams: OneSide; packet(ssrc: number, sequenceNumber: number): void } {
  return { streams: numbers.streams, packet: (ssrc, sequenceNumber) => numbers.packet(ssrc, sequenceNumber) };
}
