import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { type Path, type PathDetails, pathOf } from '../../../src/relay/wire/path.ts';
import { at, credentials, EngineHarness, emptySizes, rtp } from '../support/engine-harness.ts';

const cameraAt = at(2);

/** The viewer's one address, in whatever way it comes. */
function viewerBy(details: PathDetails): Path {
  const path = pathOf('192.0.2.1', 5_000, details);
  if (path === undefined) throw new Error('no path');
  return path;
}

const first = viewerBy({ local: '198.51.100.1' });
const second = viewerBy({ local: '198.51.100.2' });

describe('a relay with several addresses', () => {
  test('answers a check by the path that it came by, whichever the side uses', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const checks = [wire.sendCheck('viewer', first, { useCandidate: true }), wire.sendCheck('viewer', second)];
    for (const [index, path] of [second, first].entries()) {
      const answer = wire.answer('camera', checks[1 - index] ?? Buffer.alloc(0));
      harness.receive(cameraAt, answer);
      expect(harness.sent).toEqual([{ to: path, bytes: answer }]);
    }
    expect(harness.sizes.latches).toBe(2);
  });

  test('sends media from the address that was last checked, until one is nominated', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const mediaGoesTo = () => {
      harness.receive(cameraAt, rtp(1));
      return harness.sent.map(({ to }) => to);
    };
    wire.sendCheck('viewer', first);
    expect(mediaGoesTo()).toEqual([first]);
    wire.sendCheck('viewer', second);
    expect(mediaGoesTo()).toEqual([second]);
    wire.sendCheck('viewer', first, { useCandidate: true });
    expect(mediaGoesTo()).toEqual([first]);
    wire.sendCheck('viewer', second);
    expect(mediaGoesTo()).toEqual([first]);
    wire.sendCheck('viewer', second, { useCandidate: true });
    expect(mediaGoesTo()).toEqual([second]);
    expect(harness.stats(wire.handle).viewer.latches).toBe(1);
  });

  test('takes media from its place by any of them', () => {
    const harness = new EngineHarness();
    harness.open().latch(first, cameraAt);
    expect(harness.receive(second, rtp(1))).toBeUndefined();
    expect(harness.sent).toEqual([{ to: cameraAt, bytes: rtp(1) }]);
  });
});

describe('a TCP connection', () => {
  const byUdp = viewerBy({});
  const byTcp = viewerBy({ connection: 7 });
  const again = viewerBy({ connection: 8 });

  test('is told when it becomes a side’s, once, and when it is no side’s any more', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', byTcp);
    expect(harness.events).toEqual([
      { kind: 'latched', wire: wire.handle, side: 'viewer' },
      { kind: 'connected', path: byTcp },
    ]);
    wire.sendCheck('viewer', byTcp);
    wire.sendCheck('viewer', byUdp);
    wire.sendCheck('camera', cameraAt);
    expect(harness.events).toEqual([{ kind: 'latched', wire: wire.handle, side: 'camera' }]);
    harness.events = [];
    harness.end(wire.handle);
    expect(harness.events).toEqual([{ kind: 'disconnected', path: byTcp }]);
  });

  test('is told when its wire ends by itself', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(byTcp, cameraAt);
    harness.wait(limits.sideSilentMsMax);
    expect(harness.events).toEqual([
      { kind: 'disconnected', path: byTcp },
      { kind: 'ended', wire: wire.handle, reason: 'media-silent' },
    ]);
  });

  test('is told when it leaves for a ninth address', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(byTcp, cameraAt);
    for (let host = 10; host < 9 + limits.addressesPerSideMax; host++) wire.sendCheck('viewer', at(host));
    expect(harness.events).toEqual([]);
    wire.sendCheck('viewer', at(99));
    expect(harness.events).toEqual([{ kind: 'disconnected', path: byTcp }]);
  });

  test('is another one’s than the UDP address with its numbers, and than the next connection from there', () => {
    const harness = new EngineHarness();
    const one = harness.open(credentials('vie1'), credentials('cam1')).latch(byTcp, at(11));
    const two = harness.open(credentials('vie2'), credentials('cam2')).latch(byUdp, at(12));
    const three = harness.open(credentials('vie3'), credentials('cam3')).latch(again, at(13));
    expect(harness.counters.moves).toBe(0);
    expect(harness.sizes.latches).toBe(6);
    for (const [path, camera] of [
      [byTcp, at(11)],
      [byUdp, at(12)],
      [again, at(13)],
    ] as const) {
      harness.receive(camera, rtp(1));
      expect(harness.sent).toEqual([{ to: path, bytes: rtp(1) }]);
      harness.receive(path, rtp(2));
      expect(harness.sent).toEqual([{ to: camera, bytes: rtp(2) }]);
    }
    harness.end(two.handle);
    expect(harness.receive(byUdp, rtp(3))).toBe('unlatched');
    expect(harness.receive(byTcp, rtp(3))).toBeUndefined();
    harness.end(one.handle);
    harness.end(three.handle);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('moves from wire to wire as any address does', () => {
    const harness = new EngineHarness();
    const one = harness.open(credentials('vie1'), credentials('cam1')).latch(byTcp, at(11));
    const two = harness.open(credentials('vie2'), credentials('cam2'));
    two.sendCheck('viewer', byTcp);
    expect(harness.events).toEqual([
      { kind: 'moved', from: one.handle, to: two.handle },
      { kind: 'latched', wire: two.handle, side: 'viewer' },
      { kind: 'connected', path: byTcp },
    ]);
    harness.events = [];
    harness.end(one.handle);
    expect(harness.events).toEqual([]);
    harness.end(two.handle);
    expect(harness.events).toEqual([{ kind: 'disconnected', path: byTcp }]);
  });
});
