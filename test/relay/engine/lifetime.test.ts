import { describe, expect, test } from 'vitest';
import { LatchkeyError, limits } from '../../../src/base/index.ts';
import { SealedWire } from '../../../src/relay/engine/leg.ts';
import { at, credentials, dtls, EngineHarness, emptySizes, hourMs, rtp } from '../support/engine-harness.ts';

const viewerAt = at(1);
const cameraAt = at(2);

describe('a wire ends by itself', () => {
  test('as media-silent when one side has not been heard for 30 s', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.wait(limits.sideSilentMsMax - 1);
    wire.sendCheck('viewer', viewerAt);
    harness.receive(cameraAt, rtp(1));
    expect(harness.sizes.wires).toBe(1);
    harness.wait(1);

    expect(harness.events).toEqual([{ kind: 'ended', wire: wire.handle, reason: 'media-silent' }]);
    expect(harness.sizes).toEqual(emptySizes);
    expect(harness.counters).toMatchObject({ wiresOpened: 1, wiresEnded: 1 });
    expect(wire.handle.ended).toBe(true);
  });

  test('not while both sides are heard, by a check or a valid answer', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    for (let n = 0; n < 5; n++) {
      harness.wait(limits.sideSilentMsMax - 1);
      const check = wire.sendCheck('viewer', viewerAt);
      harness.receive(cameraAt, wire.answer('camera', check));
    }
    expect(harness.sizes.wires).toBe(1);
    harness.wait(limits.sideSilentMsMax);
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'media-silent' }]);
  });

  test.each(['viewer', 'camera'] as const)('as setup-failed when only the %s ever latched', (side) => {
    const harness = new EngineHarness();
    const wire = harness.open();
    for (let n = 0; n < 3; n++) {
      wire.sendCheck(side, viewerAt);
      harness.wait(limits.sideSilentMsMax / 3 - 1);
      expect(harness.events).toEqual([]);
    }
    harness.wait(3);
    expect(harness.events).toEqual([{ kind: 'ended', wire: wire.handle, reason: 'setup-failed' }]);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('as expired at its expiry, however much is heard', () => {
    const harness = new EngineHarness();
    const wire = harness.open(credentials('view'), credentials('camr'), 1_000).latch(viewerAt, cameraAt);
    harness.wait(999);
    expect(harness.receive(cameraAt, dtls)).toBeUndefined();
    harness.wait(1);
    expect(harness.events).toEqual([{ kind: 'ended', wire: wire.handle, reason: 'expired' }]);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('at the first datagram after its end, even if the timer is late', () => {
    const harness = new EngineHarness();
    const wire = harness.open(credentials('view'), credentials('camr'), 1_000).latch(viewerAt, cameraAt);
    harness.nowMs += 1_000;

    expect(harness.receive(cameraAt, dtls)).toBe('unlatched');
    expect(harness.sent).toEqual([]);
    expect(harness.events).toEqual([{ kind: 'ended', wire: wire.handle, reason: 'expired' }]);
  });

  test('each at its own time', () => {
    const harness = new EngineHarness();
    const lives = [5_000, 3_000, 9_000, 1_000, 7_000, 3_000];
    const wires = lives.map((forMs, n) => harness.open(credentials(`vie${n}`), credentials(`cam${n}`), forMs));
    const began = harness.nowMs;
    const ends = new Map<unknown, number>();
    while (harness.engine.nextDeadline() < Number.POSITIVE_INFINITY) {
      harness.wait(harness.engine.nextDeadline() - harness.nowMs);
      for (const { wire } of harness.events as { wire: unknown }[]) ends.set(wire, harness.nowMs - began);
    }
    expect(wires.map(({ handle }) => ends.get(handle))).toEqual(lives);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('a timeout that comes early does nothing', () => {
    const harness = new EngineHarness();
    harness.open();
    const deadline = harness.engine.nextDeadline();
    expect(deadline).toBe(harness.nowMs + limits.sideSilentMsMax);
    harness.engine.advance(deadline - 1, { transmit() {}, event() {} });
    expect(harness.sizes.wires).toBe(1);
    expect(harness.engine.nextDeadline()).toBe(deadline);
  });
});

describe('the end by the caller', () => {
  test('forgets addresses, transactions, usernames and what was held, at once', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const other = harness.open(credentials('vie2'), credentials('cam2'));
    other.sendCheck('viewer', at(3));
    const check = wire.sendCheck('viewer', viewerAt);
    harness.receive(cameraAt, rtp(1));
    harness.end(wire.handle);

    expect(harness.receive(viewerAt, dtls)).toBe('unlatched');
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBe('unlatched');
    expect(harness.receive(viewerAt, wire.check('viewer'))).toBe('username-unknown');
    expect(harness.sizes).toEqual({
      ...emptySizes,
      wires: 1,
      latches: 1,
      usernames: 2,
      deadlines: 1,
      transactions: 1,
      held: 1,
    });
    harness.end(other.handle);
    expect(harness.sizes).toEqual(emptySizes);
    expect(harness.engine.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('keeps the numbers', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    for (const sequence of [1, 4]) harness.receive(cameraAt, rtp(sequence));
    harness.end(wire.handle);
    expect(harness.stats(wire.handle).camera).toMatchObject({ packets: 3, lost: 2 });
  });

  test('leaves nothing in the handle that a caller may keep: no key, no datagram', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', viewerAt);
    harness.receive(viewerAt, rtp(1));
    const { handle } = wire;
    if (!(handle instanceof SealedWire)) throw new Error('no wire of an engine');
    const { viewer, camera, transactions } = handle;
    const kept = () => ({
      credentials: viewer.credentials.length + camera.credentials.length,
      transactions: transactions.size,
      held: camera.held.size,
      latches: viewer.latches.length,
    });
    expect(kept()).toEqual({ credentials: 2, transactions: 1, held: 2, latches: 1 });
    harness.end(handle);
    expect(kept()).toEqual({ credentials: 0, transactions: 0, held: 0, latches: 0 });
  });

  test('leaves nothing to the next wire of its number', () => {
    const slow = { bitsPerSecondMax: limits.policedBitsPerSecondMax, packetsPerSecondMax: 1 };
    const harness = new EngineHarness([], { rates: { side: slow, session: slow } });
    const first = harness.open().latch(viewerAt, cameraAt);
    for (let n = 0; n < limits.policedBurstPacketsMin; n++) harness.receive(cameraAt, rtp(2 * n, n % 3));
    expect(harness.receive(cameraAt, dtls)).toMatch(/packet-rate/);
    harness.end(first.handle);

    const next = harness.open(credentials('nvie'), credentials('ncam'), hourMs, first.handle.number);
    next.sendCheck('camera', at(4));
    harness.receive(at(4), rtp(1, 9));
    expect(harness.sent).toEqual([]);
    expect(harness.sizes).toMatchObject({ streams: 1, held: 2 });
    next.sendCheck('viewer', at(3));
    harness.receive(at(4), rtp(2, 9));
    expect(harness.sent).toEqual([{ to: at(3), bytes: rtp(2, 9) }]);
    expect(harness.events).toEqual([{ kind: 'media', wire: next.handle, side: 'camera' }]);
    expect(harness.stats(next.handle)).toMatchObject({ camera: { rtpPackets: 2, lost: 0 }, firstMediaMs: 0.001 });
  });

  test('is for wires that are open here', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const strange = new EngineHarness().open();
    harness.end(wire.handle);
    const notOpen = new TypeError('That wire is not open here.');
    expect(() => harness.end(wire.handle)).toThrow(notOpen);
    expect(() => harness.end(strange.handle)).toThrow(notOpen);
    expect(() => harness.end({ number: 0, ended: false })).toThrow(notOpen);
    expect(() => harness.engine.extend(wire.handle, 0)).toThrow(notOpen);
    expect(() => wire.restart(credentials('v'), credentials('c'))).toThrow(notOpen);
  });
});

describe('extend', () => {
  test('lets a wire live until another time, later or earlier', () => {
    const harness = new EngineHarness();
    const wire = harness.open(credentials('view'), credentials('camr'), 1_000);
    harness.engine.extend(wire.handle, harness.nowMs + 2_000);
    harness.wait(1_999);
    expect(harness.sizes.wires).toBe(1);
    harness.engine.extend(wire.handle, harness.nowMs);
    harness.wait(0);
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'expired' }]);
  });

  test('does not outlive silence', () => {
    const harness = new EngineHarness();
    const wire = harness.open(credentials('view'), credentials('camr'), 1_000);
    harness.engine.extend(wire.handle, harness.nowMs + hourMs);
    harness.wait(limits.sideSilentMsMax);
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'setup-failed' }]);
  });
});

describe('an ICE restart', () => {
  const [newViewer, newCamera] = [credentials('vie2'), credentials('cam2')];

  test('takes the new credentials, and each side’s old ones until its new ones latch', () => {
    const harness = new EngineHarness();
    const old = harness.open().latch(viewerAt, cameraAt);
    const fresh = old.restart(newViewer, newCamera);
    expect(harness.sizes.usernames).toBe(4);
    old.sendCheck('viewer', viewerAt);
    old.sendCheck('camera', cameraAt);
    fresh.sendCheck('viewer', at(3), { useCandidate: true });

    expect(harness.receive(viewerAt, old.check('viewer'))).toBe('username-unknown');
    old.sendCheck('camera', cameraAt);
    fresh.sendCheck('camera', cameraAt);
    expect(harness.receive(cameraAt, old.check('camera'))).toBe('username-unknown');
    expect(harness.sizes.usernames).toBe(2);
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: at(3), bytes: rtp(1) }]);
  });

  test('does not stop the media meanwhile', () => {
    const harness = new EngineHarness();
    harness.open().latch(viewerAt, cameraAt).restart(newViewer, newCamera);
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(1) }]);
  });

  test('after an unused restart drops what was never used', () => {
    const harness = new EngineHarness();
    const old = harness.open().latch(viewerAt, cameraAt);
    const unused = old.restart(newViewer, newCamera);
    const newest = old.restart(credentials('vie3'), credentials('cam3'));

    expect(harness.sizes.usernames).toBe(4);
    expect(harness.receive(viewerAt, unused.check('viewer'))).toBe('username-unknown');
    old.sendCheck('viewer', viewerAt);
    newest.sendCheck('viewer', viewerAt);
    newest.sendCheck('camera', cameraAt);
    expect(harness.sizes.usernames).toBe(2);
    newest.sendCheck('viewer', viewerAt);
    expect(harness.sizes.usernames).toBe(2);
  });

  test('keeps two generations at the most, however many go unused', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const { handle } = wire;
    if (!(handle instanceof SealedWire)) throw new Error('no wire of an engine');
    for (let n = 0; n < 5; n++) wire.restart(credentials(`vie${n}`), credentials(`cam${n}`));

    expect(harness.sizes.usernames).toBe(4);
    for (const leg of [handle.viewer, handle.camera]) {
      expect(leg.credentials.map(({ generation }) => generation)).toEqual([1, 6]);
    }
  });

  test('that was used is what the next one keeps', () => {
    const harness = new EngineHarness();
    const second = harness.open().latch(viewerAt, cameraAt).restart(newViewer, newCamera).latch(viewerAt, cameraAt);
    const third = second.restart(credentials('vie3'), credentials('cam3'));

    second.latch(viewerAt, cameraAt);
    third.latch(viewerAt, cameraAt);
    expect(harness.receive(viewerAt, second.check('viewer'))).toBe('username-unknown');
    expect(harness.sizes.usernames).toBe(2);
  });

  test('gives both sides their time again', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.wait(limits.sideSilentMsMax - 1);
    wire.restart(newViewer, newCamera);
    harness.wait(limits.sideSilentMsMax - 1);
    expect(harness.sizes.wires).toBe(1);
    harness.wait(1);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('with unusable credentials changes nothing', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.open(newViewer, newCamera);
    const before = harness.sizes;

    expect(() => wire.restart(newViewer, newCamera)).toThrow(LatchkeyError);
    expect(() => wire.restart(newViewer, { ...newCamera, password: 'short' })).toThrow(LatchkeyError);
    expect(harness.sizes).toEqual(before);
    wire.sendCheck('viewer', viewerAt);
  });
});
