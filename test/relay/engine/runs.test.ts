import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { Path } from '../../../src/relay/wire/path.ts';
import { at, boundless, dtls, EngineHarness, rtp } from '../support/engine-harness.ts';

const [viewerAt, cameraAt, strangerAt] = [at(1), at(2), at(9)];
const step = 32;

/** A datagram of so many bytes that begins like the one given. */
function padded(bytes: Buffer, length = step): Buffer {
  const whole = Buffer.alloc(length, 7);
  bytes.copy(whole);
  return whole;
}

/** The same datagrams at two engines: at one as a run, at the other one by one. */
class Twins {
  readonly together: EngineHarness;
  readonly apart: EngineHarness;

  constructor(options: ConstructorParameters<typeof EngineHarness>[1] = {}, latched = true) {
    this.together = new EngineHarness([], options);
    this.apart = new EngineHarness([], options);
    for (const harness of [this.together, this.apart]) {
      const wire = harness.open();
      wire.sendCheck('camera', cameraAt);
      if (latched) wire.sendCheck('viewer', viewerAt);
    }
  }

  receive(from: Path, datagrams: readonly Buffer[]): void {
    const bytes = Buffer.concat(datagrams);
    this.together.receiveRun(from, bytes, step);
    const sent: EngineHarness['sent'] = [];
    const events: EngineHarness['events'] = [];
    for (const datagram of datagrams) {
      this.apart.receive(from, datagram);
      sent.push(...this.apart.sent);
      events.push(...this.apart.events);
    }
    expect(this.together.sent).toEqual(sent);
    expect(this.together.events.map(({ kind }) => kind)).toEqual(events.map(({ kind }) => kind));
    this.compare();
  }

  compare(): void {
    expect(this.together.counters).toEqual(this.apart.counters);
    expect(this.together.sizes).toEqual(this.apart.sizes);
    expect(this.together.ledger.stats(0)).toEqual(this.apart.ledger.stats(0));
  }
}

const kinds = {
  rtp: (n: number) => padded(rtp(n)),
  dtls: () => padded(dtls),
  rtcp: () => padded(Buffer.from('80c8000000000001', 'hex')),
  quic: () => padded(Buffer.of(0xc0)),
  stun: () => padded(Buffer.from('0001000c2112a442', 'hex')),
};
const kind = fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]));
const place = fc.constantFrom(viewerAt, cameraAt, strangerAt);

describe('a run of datagrams is taken as if each had come alone', () => {
  test('whatever they are, wherever they come from', () => {
    const run = fc.record({
      from: place,
      of: fc.array(kind, { minLength: 1, maxLength: 12 }),
      last: fc.integer({ min: 1, max: step }),
    });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.boolean(), (runs, latched) => {
        const twins = new Twins({}, latched);
        let serial = 0;
        for (const { from, of, last } of runs) {
          const datagrams = of.map((name) => kinds[name](serial++));
          datagrams.push(padded(rtp(serial++), last));
          twins.receive(from, datagrams);
        }
      }),
    );
  });

  test('where the other side has no address yet, they wait for it', () => {
    const twins = new Twins({}, false);
    twins.receive(
      cameraAt,
      [1, 2, 3].map((n) => padded(rtp(n))),
    );
    expect(twins.together.sizes.held).toBe(4);
  });

  test.each(['side', 'session'] as const)('where a %s may send but a part of it, that part goes', (who) => {
    const few = { bitsPerSecondMax: 1_000_000, packetsPerSecondMax: limits.policedBurstPacketsMin };
    const twins = new Twins({ rates: { ...boundless, [who]: few } });
    for (let n = 0; n < 30; n++)
      twins.receive(
        cameraAt,
        Array.from({ length: 10 }, (_, m) => padded(rtp(10 * n + m))),
      );
    const reason = who === 'side' ? 'side-packet-rate' : 'session-packet-rate';
    expect(twins.together.counters.drops[reason]).toBeGreaterThan(150);
    expect(twins.together.counters.drops[reason]).toBeLessThan(300);
  });

  test('of a wire that was ended, they go nowhere', () => {
    const twins = new Twins();
    for (const harness of [twins.together, twins.apart]) harness.ledger.kill(0);
    twins.receive(
      cameraAt,
      [1, 2, 3].map((n) => padded(rtp(n))),
    );
    expect(twins.together.counters.drops.ended).toBe(3);
  });
});

test('a run of data leaves as one', () => {
  const twins = new Twins();
  twins.together.receiveRun(cameraAt, Buffer.concat([1, 2, 3].map((n) => padded(rtp(n)))), step);
  expect(twins.together.transmits).toBe(1);
  expect(twins.together.sent).toHaveLength(3);
});
