import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { at, credentials, dtls, EngineHarness, rtp } from '../support/engine-harness.ts';
import { PlainJitter } from '../support/rtp-arrivals.ts';

const viewerAt = at(1);
const cameraAt = at(2);

/** A packet with a timestamp of its own. */
function timed(sequenceNumber: number, timestamp: number, ssrc = 1): Buffer {
  const bytes = rtp(sequenceNumber, ssrc);
  bytes.writeUInt32BE(timestamp >>> 0, 4);
  return bytes;
}

describe('what is known of a wire without looking inside', () => {
  test('is how many RTP packets each side sent, and how many never came', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    for (const sequence of [1, 2, 5, 5, 6]) harness.receive(cameraAt, rtp(sequence));
    harness.receive(cameraAt, rtp(100, 2));
    for (const sequence of [1, 11]) harness.receive(viewerAt, rtp(sequence));
    for (const bytes of [dtls, Buffer.from('80c80001deadbeef00000000', 'hex')]) harness.receive(cameraAt, bytes);

    expect(harness.stats(wire.handle)).toMatchObject({
      viewer: { packets: 3, rtpPackets: 2 },
      camera: { packets: 9, rtpPackets: 6 },
    });
    harness.end(wire.handle);
    expect(harness.stats(wire.handle)).toMatchObject({ viewer: { lost: 9 }, camera: { lost: 2 } });
  });

  test('is renewed with each check and each answer of that side, and at the end', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const lost = () => harness.stats(wire.handle).camera.lost;
    harness.receive(cameraAt, rtp(1));
    harness.receive(cameraAt, rtp(3));
    expect(lost()).toBe(0);
    const asked = wire.sendCheck('viewer', viewerAt);
    expect(lost()).toBe(0);
    wire.sendCheck('camera', cameraAt);
    expect(lost()).toBe(1);
    harness.receive(cameraAt, rtp(5));
    harness.receive(cameraAt, wire.answer('camera', asked));
    expect(lost()).toBe(2);
    harness.receive(cameraAt, rtp(7));
    harness.end(wire.handle);
    expect(lost()).toBe(3);
  });

  test('is renewed when the wire ends by itself', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.receive(cameraAt, rtp(1));
    harness.receive(cameraAt, rtp(3));
    harness.wait(limits.sideSilentMsMax);
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'media-silent' }]);
    expect(harness.stats(wire.handle).camera).toMatchObject({ lost: 1, longestSilenceMs: limits.sideSilentMsMax });
  });

  test('is the jitter of RFC 3550, once the clock of the stream is known', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const plain = new PlainJitter(90_000);
    const beganMs = harness.nowMs;
    for (let n = 0; n < 1_000; n++) {
      harness.nowMs = beganMs + 20 * n + (n % 2) * 4;
      harness.receive(cameraAt, timed(n, n * 1_800));
      const arrival = { takenMs: 20 * n, atMs: harness.nowMs };
      if (n === 0) plain.skip(arrival);
      else plain.packet(arrival);
      if (n === 20) {
        wire.sendCheck('camera', cameraAt);
        expect(harness.stats(wire.handle).camera.jitterMs).toBe(0);
      }
    }
    wire.sendCheck('camera', cameraAt);
    expect(plain.ms).toBeCloseTo(4, 1);
    expect(harness.stats(wire.handle).camera.jitterMs).toBeCloseTo(plain.ms, 1);
    expect(harness.stats(wire.handle).viewer.jitterMs).toBe(0);
  });

  test('is the longest time without RTP, of each side for itself', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const silence = () => {
      wire.sendCheck('viewer', viewerAt);
      wire.sendCheck('camera', cameraAt);
      const { viewer, camera } = harness.stats(wire.handle);
      return [viewer.longestSilenceMs, camera.longestSilenceMs];
    };
    harness.wait(5_000);
    harness.receive(cameraAt, rtp(1));
    expect(silence()).toEqual([0, 0]);
    harness.wait(3_000);
    harness.receive(cameraAt, dtls);
    harness.receive(cameraAt, rtp(2));
    harness.receive(viewerAt, rtp(1));
    harness.wait(1_000);
    expect(silence()).toEqual([1_000, 3_000]);
    harness.wait(7_000);
    expect(silence()).toEqual([8_000, 8_000]);
  });

  test('is how long the first media took from the latch of the second side', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const first = () => harness.stats(wire.handle).firstMediaMs;
    wire.sendCheck('viewer', viewerAt);
    harness.receive(viewerAt, rtp(1));
    harness.wait(1_000);
    wire.sendCheck('camera', cameraAt);
    expect(first()).toBeUndefined();
    harness.wait(300);
    harness.receive(cameraAt, dtls);
    expect(first()).toBeUndefined();
    harness.wait(40);
    harness.receive(cameraAt, rtp(1));
    expect(first()).toBe(340);
    harness.wait(100);
    harness.receive(viewerAt, rtp(2));
    wire.sendCheck('camera', at(3));
    harness.receive(cameraAt, rtp(2));
    expect(first()).toBe(340);
  });

  test('says of media that came at once that it came', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.receive(cameraAt, rtp(1));
    expect(harness.stats(wire.handle).firstMediaMs).toBeCloseTo(0);
    expect(harness.stats(wire.handle).firstMediaMs).toBeGreaterThan(0);
  });
});

test('what an event tells has been counted', () => {
  const harness = new EngineHarness();
  const counted: string[] = [];
  harness.onEvent = ({ kind }) => {
    const { latches, moves, forwarded, wiresEnded } = harness.counters;
    const { wires } = harness.sizes;
    counted.push(
      `${kind}: ${latches.viewer} + ${latches.camera} latched, ${moves} moved, ${forwarded.camera.packets} forwarded, ${wiresEnded} of ${wiresEnded + wires} ended`,
    );
  };
  harness.open().latch(viewerAt, cameraAt);
  harness.receive(cameraAt, rtp(1));
  harness.open(credentials('vie2'), credentials('cam2')).sendCheck('viewer', viewerAt);
  harness.wait(limits.sideSilentMsMax);
  expect(counted).toEqual([
    'latched: 1 + 0 latched, 0 moved, 0 forwarded, 0 of 1 ended',
    'latched: 1 + 1 latched, 0 moved, 0 forwarded, 0 of 1 ended',
    'media: 1 + 1 latched, 0 moved, 2 forwarded, 0 of 1 ended',
    'moved: 1 + 1 latched, 1 moved, 2 forwarded, 0 of 2 ended',
    'latched: 2 + 1 latched, 1 moved, 2 forwarded, 0 of 2 ended',
    'ended: 2 + 1 latched, 1 moved, 2 forwarded, 1 of 2 ended',
    'ended: 2 + 1 latched, 1 moved, 2 forwarded, 2 of 2 ended',
  ]);
});
