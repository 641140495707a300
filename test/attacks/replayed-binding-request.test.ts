// Someone on a shared network who sees a viewer's datagrams and can send from an address of their own, or with a false
// source: they have valid checks, but no password.
// The transaction holds for as long as it lives, then the seal: what goes astray is noise.

import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { at, credentials, dtls, EngineHarness, emptySizes, rtp } from '../relay/support/engine-harness.ts';

const viewerAt = at(1);
const cameraAt = at(2);
const attackerAt = at(66);

describe('a captured check, sent again from elsewhere', () => {
  test('latches nothing while its transaction lives, and the media stays where it is', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const captured = wire.sendCheck('viewer', viewerAt, { useCandidate: true });

    expect(harness.receive(attackerAt, captured)).toBe('replayed');
    expect(harness.sent).toEqual([]);
    expect(harness.receive(attackerAt, dtls)).toBe('unlatched');
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(1) }]);
  });

  test('latches nothing for whoever has the viewer’s old port by then, or for whom a late copy of it comes', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const captured = wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    wire.sendCheck('viewer', at(3), { useCandidate: true });
    harness.open(credentials('vie2'), credentials('cam2')).latch(viewerAt, at(4));

    expect(harness.receive(viewerAt, captured)).toBe('replayed');
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: at(3), bytes: rtp(1) }]);
  });

  test('later may draw the sealed media for a moment, until the viewer’s next check; it opens nothing', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const captured = wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    harness.wait(limits.transactionMsMax + 1);
    harness.receive(attackerAt, captured);
    wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(1) }]);
  });

  test('is worth nothing after an ICE restart or the end of its wire', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const captured = wire.sendCheck('viewer', viewerAt);
    const fresh = wire.restart(credentials('vie2'), credentials('cam2'));
    fresh.sendCheck('viewer', viewerAt);
    expect(harness.receive(attackerAt, captured)).toBe('username-unknown');

    const second = fresh.sendCheck('viewer', viewerAt);
    harness.end(wire.handle);
    expect(harness.receive(attackerAt, second)).toBe('username-unknown');
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('does not latch the other side: the camera’s check is keyed with the viewer’s password', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const captured = wire.check('viewer');
    harness.receive(attackerAt, captured);
    expect(harness.counters.latches).toEqual({ viewer: 2, camera: 1 });
    harness.receive(viewerAt, dtls);
    expect(harness.sent).toEqual([{ to: cameraAt, bytes: dtls }]);
  });
});

describe('a check made up or changed', () => {
  test('with any single byte of its covered part changed latches nothing', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const check = wire.check('viewer', { useCandidate: true });
    for (let n = 0; n < check.length - 8; n++) {
      const forged = Buffer.from(check);
      forged.writeUInt8(forged.readUInt8(n) ^ 1, n);
      expect(harness.receive(attackerAt, forged), `byte ${n}`).toBeDefined();
    }
    expect(harness.sizes.latches).toBe(0);
  });

  test('with USE-CANDIDATE put behind the integrity does not choose an address', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    const plain = wire.check('viewer');
    const changed = Buffer.concat([plain.subarray(0, -8), Buffer.from('00250000', 'hex')]);
    changed.writeUInt16BE(changed.length - 20, 2);

    expect(harness.receive(at(3), changed)).toBeUndefined();
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(1) }]);
  });
});

test('a captured answer moves nothing: it is taken from the side that was asked only', () => {
  const harness = new EngineHarness();
  const wire = harness.open().latch(viewerAt, cameraAt);
  const check = wire.sendCheck('camera', cameraAt, { useCandidate: true });
  const captured = wire.answer('viewer', check);
  expect(harness.receive(attackerAt, captured)).toBe('unlatched');
  expect(harness.receive(cameraAt, captured)).toBe('transaction-unknown');
});
