import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { dropReasons } from '../../../src/relay/engine/drops.ts';
import type { WireRates } from '../../../src/relay/engine/leg.ts';
import type { Side } from '../../../src/relay/index.ts';
import { placeOf } from '../../../src/relay/wire/path.ts';
import { at, credentials, dtls, EngineHarness, rtp, type TestWire } from '../support/engine-harness.ts';
import { stun, stunTypes } from '../support/stun-messages.ts';

const digests = vi.hoisted(() => ({ made: 0 }));

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>();
  const createHmac = (...parameters: Parameters<typeof real.createHmac>) => {
    digests.made++;
    return real.createHmac(...parameters);
  };
  return { ...real, createHmac };
});

const viewerAt = at(1);
const cameraAt = at(2);
const wide = { bitsPerSecondMax: 1_000_000_000, packetsPerSecondMax: 100_000 };
const fewBits = { bitsPerSecondMax: 2_000_000, packetsPerSecondMax: 100_000 };
const fewPackets = { bitsPerSecondMax: 1_000_000_000, packetsPerSecondMax: 200 };
const burstS = limits.policedBurstMs / 1_000;
/** A full bucket, in packets and in bytes. The first check of a side comes before it is known whose it is, and costs nothing. */
const packetsFull = fewPackets.packetsPerSecondMax * burstS;
const bytesFull = (fewBits.bitsPerSecondMax * burstS) / 8;

function sized(bytes: number, sequenceNumber = 1): Buffer {
  return rtp(sequenceNumber, 1, 'x'.repeat(bytes - 12));
}

function opened(rates: Partial<WireRates>): { harness: EngineHarness; wire: TestWire } {
  const harness = new EngineHarness([], { rates: { side: wide, session: wide, ...rates } });
  const wire = harness.open().latch(viewerAt, cameraAt);
  // What the checks took has come back by then.
  harness.wait(limits.policedBurstMs);
  return { harness, wire };
}

/** How many of a side's datagrams go through one after the other, before the first that does not. */
function admitted(harness: EngineHarness, side: Side, bytes: Buffer, most: number): number {
  for (let n = 0; n < most; n++) {
    if (harness.receive(side === 'viewer' ? viewerAt : cameraAt, bytes) !== undefined) return n;
  }
  return most;
}

describe.each(['viewer', 'camera'] as const)('a %s that sends too much', (side) => {
  const from = side === 'viewer' ? viewerAt : cameraAt;
  const other = side === 'viewer' ? 'camera' : 'viewer';
  const otherAt = side === 'viewer' ? cameraAt : viewerAt;

  test('by packets is stopped at its rate exactly, and the other side goes on', () => {
    const { harness, wire } = opened({ side: fewPackets });
    expect(admitted(harness, side, rtp(1), 1_000)).toBe(packetsFull);
    expect(harness.receive(from, dtls)).toBe('side-packet-rate');
    expect(harness.sent).toEqual([]);
    expect(admitted(harness, other, rtp(1), packetsFull)).toBe(packetsFull);

    harness.wait(1_000 / fewPackets.packetsPerSecondMax);
    expect(harness.receive(from, dtls)).toBeUndefined();
    expect(harness.receive(from, dtls)).toBe('side-packet-rate');
    expect(harness.stats(wire.handle)[side]).toMatchObject({ policed: 3 });
    expect(harness.stats(wire.handle)[other]).toMatchObject({ policed: 0 });
    expect(harness.counters.drops['side-packet-rate']).toBe(3);
  });

  test('by bits is stopped at its rate exactly, and a datagram that still fits goes on', () => {
    const { harness, wire } = opened({ side: fewBits });
    const large = sized(1_000);
    expect(admitted(harness, side, large, 1_000)).toBe(bytesFull / 1_000);
    expect(harness.receive(from, dtls)).toBe('side-bit-rate');
    harness.wait(2);
    // 2 ms of 2 Mbit/s are 500 bytes.
    expect(harness.receive(from, sized(501))).toBe('side-bit-rate');
    expect(harness.receive(from, sized(500))).toBeUndefined();
    expect(harness.receive(from, sized(12))).toBe('side-bit-rate');
    expect(harness.receive(otherAt, large)).toBeUndefined();
    expect(harness.stats(wire.handle)[side].policed).toBe(4);
    expect(harness.counters.drops['side-bit-rate']).toBe(4);
  });
});

describe('a session that sends too much', () => {
  test('by packets is stopped, whichever side sent them', () => {
    const { harness, wire } = opened({ session: fewPackets });
    expect(admitted(harness, 'camera', rtp(1), packetsFull - 10)).toBe(packetsFull - 10);
    expect(admitted(harness, 'viewer', rtp(1), 1_000)).toBe(10);
    expect(harness.receive(cameraAt, rtp(1))).toBe('session-packet-rate');
    expect(harness.stats(wire.handle)).toMatchObject({ viewer: { policed: 1 }, camera: { policed: 1 } });
    expect(harness.counters.drops).toMatchObject({ 'session-packet-rate': 2, 'side-packet-rate': 0 });
  });

  test('by bits is stopped, whichever side sent them', () => {
    const { harness } = opened({ session: fewBits });
    const large = sized(1_000);
    expect(admitted(harness, 'camera', large, 200)).toBe(200);
    expect(admitted(harness, 'viewer', large, 1_000)).toBe(bytesFull / 1_000 - 200);
    expect(harness.receive(cameraAt, large)).toBe('session-bit-rate');
    expect(harness.counters.drops).toMatchObject({ 'session-bit-rate': 2, 'side-bit-rate': 0 });
  });

  test('is not charged for what its side was stopped at', () => {
    const { harness } = opened({ side: fewPackets, session: { ...wide, packetsPerSecondMax: 2 * packetsFull } });
    for (let n = 0; n < 10 * packetsFull; n++) harness.receive(cameraAt, rtp(n));
    expect(admitted(harness, 'viewer', rtp(1), 1_000)).toBe(packetsFull);
    expect(harness.counters.drops['session-packet-rate']).toBe(0);
  });
});

describe('what is over a rate', () => {
  test('is received and counted as lost on nobody’s way, and is not forwarded', () => {
    const { harness, wire } = opened({ side: fewPackets });
    const before = harness.counters;
    const [over, size] = [50, rtp(0).length];
    for (let n = 0; n < packetsFull + over; n++) harness.receive(cameraAt, rtp(n));
    const { received, forwarded } = harness.counters;
    expect(received.camera.packets - before.received.camera.packets).toBe(packetsFull + over);
    expect(received.camera.bytes - before.received.camera.bytes).toBe((packetsFull + over) * size);
    expect(forwarded.camera.packets - before.forwarded.camera.packets).toBe(packetsFull);
    harness.end(wire.handle);
    expect(harness.stats(wire.handle).camera).toMatchObject({ rtpPackets: packetsFull + over, policed: over, lost: 0 });
  });

  test('is no first media, and nothing that is held', () => {
    const { harness, wire } = opened({ side: fewPackets });
    for (let n = 0; n < packetsFull; n++) harness.receive(cameraAt, dtls);
    expect(harness.receive(cameraAt, rtp(1))).toBe('side-packet-rate');
    expect(harness.events).toEqual([]);
    expect(harness.stats(wire.handle).firstMediaMs).toBeUndefined();

    const alone = harness.open(credentials('vie2'), credentials('cam2'));
    alone.sendCheck('camera', at(4));
    for (let n = 0; n < packetsFull; n++) harness.receive(at(4), dtls);
    expect(harness.sizes.held).toBe(2);
    expect(harness.receive(at(4), rtp(1))).toBe('side-packet-rate');
    expect(harness.sizes.held).toBe(2);
  });

  test('keeps no wire alive: a side that floods has to be heard like any other', () => {
    const { harness } = opened({ side: fewPackets });
    for (let n = 0; n < limits.sideSilentMsMax && harness.sizes.wires > 0; n += 1_000) {
      for (let packet = 0; packet < 2 * packetsFull; packet++) harness.receive(cameraAt, dtls);
      harness.wait(1_000);
    }
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'media-silent' }]);
  });
});

describe('STUN of a side that floods', () => {
  beforeEach(() => {
    digests.made = 0;
  });

  test('is stopped before it costs a digest', () => {
    const { harness, wire } = opened({ side: fewPackets });
    const check = wire.check('camera');
    const answer = wire.answer('camera', wire.sendCheck('viewer', viewerAt));
    const indication = stun({ transaction: Buffer.alloc(12), type: stunTypes.indication });
    digests.made = 0;
    expect(harness.receive(cameraAt, check)).toBeUndefined();
    expect(harness.receive(cameraAt, answer)).toBeUndefined();
    expect(digests.made).toBe(2);
    admitted(harness, 'camera', dtls, 1_000);
    const before = harness.counters;
    digests.made = 0;
    for (let n = 0; n < 1_000; n++) {
      for (const bytes of [check, answer, indication])
        expect(harness.receive(cameraAt, bytes)).toBe('side-packet-rate');
    }
    expect(digests.made).toBe(0);
    expect(harness.counters.received.camera.packets - before.received.camera.packets).toBe(3_000);
    expect(harness.counters.forwarded).toEqual(before.forwarded);
  });

  test('costs a digest for each of its packets until then, forged ones too', () => {
    const { harness, wire } = opened({ side: fewPackets });
    const forged = wire.check('camera', { password: 'wrong' });
    digests.made = 0;
    for (let n = 0; n < 10 * packetsFull; n++) harness.receive(cameraAt, forged);
    expect(digests.made).toBe(packetsFull);
    expect(harness.counters.drops).toMatchObject({ integrity: packetsFull, 'side-packet-rate': 9 * packetsFull });
  });

  test('latches nothing for another session either', () => {
    const { harness, wire } = opened({ side: fewPackets });
    const other = harness.open(credentials('vie2'), credentials('cam2'));
    admitted(harness, 'camera', dtls, 1_000);
    expect(harness.receive(cameraAt, other.check('camera'))).toBe('side-packet-rate');
    expect(harness.counters.moves).toBe(0);
    expect(harness.stats(wire.handle).camera.policed).toBe(2);
  });
});

test('one camera that floods harms no other session', () => {
  const flood = fc.record({
    packets: fc.nat(600),
    bytes: fc.integer({ min: 12, max: 1_400 }),
    kind: fc.constantFrom('media', 'dtls', 'check', 'forged', 'answer'),
  });
  const rates = { side: { ...fewPackets, ...{ bitsPerSecondMax: 2_000_000 } }, session: wide };
  fc.assert(
    fc.property(fc.array(fc.record({ waitMs: fc.nat(50), flood }), { minLength: 5, maxLength: 30 }), (steps) => {
      const calm = outcome(rates, steps, false);
      const flooded = outcome(rates, steps, true);
      expect(flooded.sent).toEqual(calm.sent);
      expect(flooded.stats).toEqual(calm.stats);
      expect(calm.dropped).toBe(0);
    }),
    { numRuns: 60 },
  );
});

interface FloodStep {
  readonly waitMs: number;
  readonly flood: { readonly packets: number; readonly bytes: number; readonly kind: string };
}

/** What the second of two sessions has of a talk within its rates, with the camera of the first flooding or silent. */
function outcome(rates: WireRates, steps: readonly FloodStep[], floods: boolean) {
  const harness = new EngineHarness([], { rates });
  const flooding = harness.open(credentials('vie1'), credentials('cam1')).latch(viewerAt, cameraAt);
  const calm = harness.open(credentials('vie2'), credentials('cam2')).latch(at(11), at(12));
  const sent: unknown[] = [];
  let sequence = 0;
  for (const { waitMs, flood } of steps) {
    harness.wait(waitMs);
    if (floods) {
      const bytes = floodBytes(flooding, flood);
      for (let n = 0; n < flood.packets; n++) harness.receive(cameraAt, bytes);
    }
    for (const [from, bytes] of [
      [at(12), rtp(sequence++)],
      [at(11), dtls],
      [at(11), calm.check('viewer', { transaction: Buffer.alloc(12, sequence) })],
    ] as const) {
      harness.receive(from, bytes);
      for (const each of harness.sent) sent.push([placeOf(each.to), each.bytes]);
    }
  }
  const policed = dropReasons.filter((reason) => reason.endsWith('-rate'));
  const dropped = floods ? 0 : policed.reduce((sum, reason) => sum + harness.counters.drops[reason], 0);
  return { sent, dropped, stats: harness.stats(calm.handle) };
}

function floodBytes(wire: TestWire, { bytes, kind }: FloodStep['flood']): Buffer {
  const transaction = Buffer.alloc(12, 9);
  if (kind === 'media') return sized(bytes);
  if (kind === 'dtls') return Buffer.alloc(bytes, 22);
  if (kind === 'answer') return wire.answer('camera', wire.check('viewer', { transaction }));
  return wire.check('camera', { transaction, ...(kind === 'forged' ? { password: 'wrong' } : {}) });
}

describe('rates that change', () => {
  test('hold from then on for every wire, also those that are open, and give nobody more than its bucket', () => {
    const { harness } = opened({ side: wide });
    expect(admitted(harness, 'camera', rtp(1), 1_000)).toBe(1_000);
    harness.engine.useRates({ side: fewPackets, session: wide });
    harness.wait(1);
    expect(admitted(harness, 'camera', rtp(1), 10_000)).toBe(packetsFull);
    harness.engine.useRates({ side: wide, session: wide });
    harness.wait(limits.policedBurstMs);
    expect(admitted(harness, 'camera', rtp(1), 1_000)).toBe(1_000);
  });
});
