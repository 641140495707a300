import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { levelCells, Policer } from '../../src/relay/engine/policer.ts';
import { isRtp, sequenceNumberOf, ssrcOf, timestampOf } from '../../src/relay/wire/rtp.ts';
import type { Road } from './support/engine-heap.ts';
import { heapBytesPerCall } from './support/heap-growth.ts';
import { OneSide } from './support/one-stream.ts';

const batch = 64;
const strideBytes = 1_280;
const packetBytes = 1_200;
const startMs = 1_700_000_000_000;

/**
 * A batch of packets in one buffer, whose headers go on from round to round, and a time that stands still for a batch. V8 puts
 * the time into a box: 16 bytes a batch, a quarter of a byte a packet.
 */
class Traffic {
  readonly bytes = Buffer.alloc(batch * strideBytes);
  /** A field that was once undefined keeps the box, and hands it on. From any other, V8 makes a new one for each call. */
  #nowMs: number | undefined = undefined;
  readonly #streams: number;

  constructor(streams: number) {
    this.#streams = streams;
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    if (this.#nowMs === undefined) throw new Error('no time');
    return this.#nowMs;
  }

  /** Writes the header of a packet, and returns where it starts. */
  next(round: number): number {
    if (round % batch === 0) this.#nowMs = this.nowMs + batch / 9;
    const start = (round % batch) * strideBytes;
    this.bytes[start] = 0x80;
    this.bytes[start + 1] = 96;
    this.bytes.writeUInt16BE(Math.floor(round / this.#streams) & 0xffff, start + 2);
    this.bytes.writeInt32BE(round * 10, start + 4);
    this.bytes.writeInt32BE(round % this.#streams, start + 8);
    return start;
  }
}

describe('what a packet takes of the heap', () => {
  test.each([1, 4, limits.streamsPerSideMax, limits.streamsPerSideMax + 1])(
    'is nothing for its header and %i streams',
    (count) => {
      const traffic = new Traffic(count);
      const streams = new OneSide();
      const bytes = heapBytesPerCall((round) => {
        const start = traffic.next(round);
        if (!isRtp(traffic.bytes, start, start + packetBytes)) return;
        streams.packet(
          traffic.nowMs,
          ssrcOf(traffic.bytes, start),
          sequenceNumberOf(traffic.bytes, start),
          timestampOf(traffic.bytes, start),
        );
      });
      expect(bytes).toBeLessThan(1);
      expect(streams.received).toBe(5_000_000);
      expect(streams.jitterMs !== undefined).toBe(count <= limits.streamsPerSideMax);
    },
  );

  test.each([
    ['admitted', 1_000_000_000, 1_000_000],
    ['over-bit-rate', 1_000, 1_000_000],
    ['over-packet-rate', 1_000_000_000, 1],
  ] as const)('is nothing when it is %s', (verdict, bitsPerSecondMax, packetsPerSecondMax) => {
    const traffic = new Traffic(1);
    const policer = new Policer(new Float64Array(levelCells), { bitsPerSecondMax, packetsPerSecondMax });
    policer.begin(0, traffic.nowMs);
    let verdicts = 0;
    const bytes = heapBytesPerCall((round) => {
      traffic.next(round);
      if (policer.admit(0, traffic.nowMs, packetBytes) === verdict) verdicts++;
    });
    expect(bytes).toBeLessThan(1);
    expect(verdicts).toBeGreaterThan(4_900_000);
  });

  test('is seen when it is no more than one number', () => {
    const traffic = new Traffic(1);
    let kept: unknown;
    const bytes = heapBytesPerCall((round) => {
      kept = traffic.nowMs + traffic.next(round);
    });
    expect(bytes).toBeGreaterThan(10);
    expect(kept).toBeGreaterThan(traffic.nowMs);
  });
});

const inProcess = async (script: string) => {
  const path = join(import.meta.dirname, 'support', script);
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', path]);
  return JSON.parse(stdout);
};

describe('what a datagram takes of the heap on its whole road through an engine', () => {
  let roads: Record<Road, { readonly bytes: number; readonly went: number }>;

  beforeAll(async () => {
    roads = await inProcess('engine-heap.ts');
  });

  test.each([
    'one session',
    'four sessions',
    'a hundred sessions',
    'DTLS',
    'media of another version',
    'unlatched',
    'class-quic',
    'class-zrtp',
    'class-turn-channel',
    'class-unassigned',
    'side-packet-rate',
    'session-packet-rate',
  ] as const)('is nothing: %s', (road) => {
    expect(roads[road].bytes).toBeLessThan(1);
    expect(roads[road].went).toBeGreaterThan(4_900_000);
  });
});

test('a packet takes next to nothing of the heap through the system’s calls, an engine and back', async () => {
  const { packets, arrived, bytesPerPacket } = await inProcess('batched-traffic.ts');
  expect(bytesPerPacket).toBeLessThan(5);
  expect(arrived).toBe(packets);
});
