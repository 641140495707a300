import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { RtpStreams } from '../../../src/relay/engine/rtp-streams.ts';

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
    const streams = new RtpStreams();
    for (const number of sequence) streams.packet(1, number);
    expect(streams.lost).toBe(lost);
  });

  test('each SSRC has its own numbers', () => {
    const streams = new RtpStreams();
    for (const [ssrc, number] of [
      [1, 1],
      [0xffffffff, 500],
      [1, 2],
      [0xffffffff, 502],
    ] as const) {
      streams.packet(ssrc, number);
    }
    expect(streams.lost).toBe(1);
    expect(streams.size).toBe(2);
  });

  test('a new stream beyond the bound makes the oldest go, and what it lost stays counted', () => {
    const streams = new RtpStreams();
    streams.packet(0, 1);
    streams.packet(0, 3);
    for (let ssrc = 1; ssrc <= limits.streamsPerSideMax; ssrc++) streams.packet(ssrc, 1);
    expect(streams.size).toBe(limits.streamsPerSideMax);
    streams.packet(1, 2);
    streams.packet(1, 4);
    expect(streams.lost).toBe(2);
    streams.packet(0, 100);
    expect(streams.lost).toBe(2);
    streams.clear();
    expect(streams.size).toBe(0);
  });

  test('is what was left out, for any order that packets can arrive in within 31 places', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.array(fc.record({ comes: fc.boolean(), late: fc.nat(15) }), { minLength: 1, maxLength: 100 }),
        (start, packets) => {
          const streams = new RtpStreams();
          const kept = packets
            .map(({ comes, late }, n) => ({ n, comes: comes || n === 0 || n === packets.length - 1, order: n + late }))
            .map((packet) => (packet.n === 0 ? { ...packet, order: -1 } : packet))
            .filter(({ comes }) => comes)
            .sort((a, b) => a.order - b.order || a.n - b.n);
          for (const { n } of kept) streams.packet(9, (start + n) & 0xffff);
          expect(streams.lost).toBe(packets.length - kept.length);
        },
      ),
    );
  });
});
