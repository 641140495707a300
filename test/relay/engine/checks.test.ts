import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { at, credentials, dtls, EngineHarness, rtp } from '../support/engine-harness.ts';
import { stunTypes } from '../support/stun-messages.ts';

const viewerAt = at(1);
const cameraAt = at(2);

describe('an answer', () => {
  test('goes back to the very address that asked, from whichever address of the other side', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', at(3));
    wire.sendCheck('viewer', viewerAt);
    wire.sendCheck('camera', at(4));
    const answer = wire.answer('camera', check);

    expect(harness.receive(at(4), answer)).toBeUndefined();
    expect(harness.sent).toEqual([{ to: at(3), bytes: answer }]);
  });

  test('is refused where it was not made with the password of the side that was asked', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);

    for (const type of [stunTypes.success, stunTypes.error]) {
      expect(harness.receive(cameraAt, wire.answer('camera', check, { type, password: 'wrong' }))).toBe('integrity');
    }
    expect(harness.receive(cameraAt, wire.answer('camera', check, { password: undefined }))).toBe('integrity');
    expect(harness.sent).toEqual([]);
  });

  test('is refused from the side that asked', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);
    expect(harness.receive(viewerAt, wire.answer('camera', check))).toBe('transaction-unknown');
  });

  test('is refused when nobody asked', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    expect(harness.receive(cameraAt, wire.answer('camera', wire.check('viewer')))).toBe('transaction-unknown');
    expect(harness.counters.received.camera.packets).toBe(2);
  });

  test('is taken for as long as a transaction lives, and not longer', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);
    harness.wait(limits.transactionMsMax);
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBeUndefined();
    harness.wait(1);
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBe('transaction-unknown');
  });

  test('that is an error may come without integrity (RFC 8489 section 9.1.3), but then proves no life', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.wait(limits.sideSilentMsMax - 1);
    const check = wire.sendCheck('viewer', viewerAt);
    const error = wire.answer('camera', check, { type: stunTypes.error, password: undefined });

    expect(harness.receive(cameraAt, error)).toBeUndefined();
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: error }]);
    harness.wait(1);
    expect(harness.events).toMatchObject([{ kind: 'ended', reason: 'media-silent' }]);
  });

  test('that is an error with integrity proves life', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.wait(limits.sideSilentMsMax - 1);
    const check = wire.sendCheck('viewer', viewerAt);
    harness.receive(cameraAt, wire.answer('camera', check, { type: stunTypes.error }));
    harness.wait(limits.sideSilentMsMax - 1);
    expect(harness.sizes.wires).toBe(1);
  });
});

describe('transactions', () => {
  test('a retransmission is passed on again, and its answers too', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);
    harness.receive(viewerAt, check);

    expect(harness.sent).toEqual([{ to: cameraAt, bytes: check }]);
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBeUndefined();
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBeUndefined();
  });

  test('belong to the address that asked: the very check from another one latches nothing', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);

    expect(harness.receive(at(3), check)).toBe('replayed');
    expect(harness.sent).toEqual([]);
    expect(harness.sizes.latches).toBe(2);
    harness.receive(cameraAt, wire.answer('camera', check));
    expect(harness.sent).toMatchObject([{ to: viewerAt }]);
  });

  test('end with their address: a copy of a check that comes late takes it from nobody who has it by then', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const late = wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    wire.sendCheck('viewer', at(3), { useCandidate: true });
    const other = harness.open(credentials('vie2'), credentials('cam2')).latch(viewerAt, at(4));

    expect(harness.receive(viewerAt, late)).toBe('replayed');
    expect(harness.sent).toEqual([]);
    expect(harness.counters.moves).toBe(1);
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([{ to: at(3), bytes: rtp(1) }]);
    harness.receive(at(4), rtp(2));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(2) }]);
    harness.end(other.handle);
    expect(harness.receive(viewerAt, late)).toBe('replayed');
  });

  test('end with their address inside one wire too: the other side that has it keeps it', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const late = wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    wire.sendCheck('viewer', at(3));
    wire.sendCheck('camera', viewerAt, { useCandidate: true });

    expect(harness.receive(viewerAt, late)).toBe('replayed');
    harness.receive(at(3), rtp(1));
    expect(harness.sent).toEqual([{ to: viewerAt, bytes: rtp(1) }]);
  });

  test('both sides may use the same transaction id', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const transaction = harness.newTransaction();
    const ofViewer = wire.sendCheck('viewer', viewerAt, { transaction });
    const ofCamera = wire.sendCheck('camera', cameraAt, { transaction });

    harness.receive(viewerAt, wire.answer('viewer', ofCamera));
    expect(harness.sent).toMatchObject([{ to: cameraAt }]);
    harness.receive(cameraAt, wire.answer('camera', ofViewer));
    expect(harness.sent).toMatchObject([{ to: viewerAt }]);
  });

  test('are forgotten oldest first beyond the bound', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const checks = Array.from({ length: limits.transactionsPerWireMax }, () => wire.sendCheck('viewer', viewerAt));
    const [oldest, next] = checks;
    if (oldest === undefined || next === undefined) throw new Error('no checks');

    expect(harness.sizes.transactions).toBe(limits.transactionsPerWireMax);
    expect(harness.receive(cameraAt, wire.answer('camera', oldest))).toBeUndefined();
    wire.sendCheck('viewer', viewerAt);
    expect(harness.sizes.transactions).toBe(limits.transactionsPerWireMax);
    expect(harness.receive(cameraAt, wire.answer('camera', oldest))).toBe('transaction-unknown');
    expect(harness.receive(cameraAt, wire.answer('camera', next))).toBeUndefined();
  });

  test('that are asked again are the newest', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const again = wire.sendCheck('viewer', viewerAt);
    const oldest = wire.sendCheck('viewer', viewerAt);
    for (let n = 3; n < limits.transactionsPerWireMax; n++) wire.sendCheck('viewer', viewerAt);
    harness.receive(viewerAt, again);
    wire.sendCheck('viewer', viewerAt);
    wire.sendCheck('viewer', viewerAt);

    expect(harness.receive(cameraAt, wire.answer('camera', oldest))).toBe('transaction-unknown');
    expect(harness.receive(cameraAt, wire.answer('camera', again))).toBeUndefined();
  });

  test('that are over leave with the next check', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.wait(limits.transactionMsMax);
    wire.sendCheck('viewer', viewerAt);
    expect(harness.sizes.transactions).toBe(3);
    harness.wait(1);
    wire.sendCheck('viewer', viewerAt);
    expect(harness.sizes.transactions).toBe(2);
  });
});

describe('the address in use', () => {
  test('is the one heard last, until ICE chooses', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    expect(mediaGoesTo(harness)).toEqual([at(3)]);
    wire.sendCheck('viewer', viewerAt);
    expect(mediaGoesTo(harness)).toEqual([viewerAt]);
  });

  test('is that of the last check with USE-CANDIDATE', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    wire.sendCheck('viewer', at(3));
    expect(mediaGoesTo(harness)).toEqual([viewerAt]);
    wire.sendCheck('viewer', at(3), { useCandidate: true });
    expect(mediaGoesTo(harness)).toEqual([at(3)]);
  });

  test('is that which first answered a check with USE-CANDIDATE', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    const plain = wire.sendCheck('camera', cameraAt);
    harness.receive(viewerAt, wire.answer('viewer', plain));
    wire.sendCheck('viewer', at(3));
    expect(mediaGoesTo(harness)).toEqual([at(3)]);

    const nominating = wire.sendCheck('camera', cameraAt, { useCandidate: true });
    expect(harness.sent.map(({ to }) => to)).toEqual([viewerAt, at(3)]);
    harness.receive(viewerAt, wire.answer('viewer', nominating));
    harness.receive(at(3), wire.answer('viewer', nominating));
    expect(mediaGoesTo(harness)).toEqual([viewerAt]);
  });

  test('stays chosen by the first answer when the check is sent again', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    const nominating = wire.sendCheck('camera', cameraAt, { useCandidate: true });
    harness.receive(viewerAt, wire.answer('viewer', nominating));
    harness.receive(cameraAt, nominating);
    harness.receive(at(3), wire.answer('viewer', nominating));
    expect(mediaGoesTo(harness)).toEqual([viewerAt]);
  });

  test('is not chosen by an error', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    const nominating = wire.sendCheck('camera', cameraAt, { useCandidate: true });
    harness.receive(viewerAt, wire.answer('viewer', nominating, { type: stunTypes.error }));
    wire.sendCheck('viewer', at(3));
    expect(mediaGoesTo(harness)).toEqual([at(3)]);
  });

  test('alone gets the checks while it is heard', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3), { useCandidate: true });
    harness.wait(limits.addressQuietMsMax);
    wire.sendCheck('camera', cameraAt);
    expect(harness.sent.map(({ to }) => to)).toEqual([at(3)]);
  });

  test('is looked for at every address when the chosen one falls silent: a controlled viewer changes network', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const first = wire.sendCheck('camera', cameraAt, { useCandidate: true });
    harness.receive(viewerAt, wire.answer('viewer', first));
    const mobile = at('2001:db8::7');
    wire.sendCheck('viewer', mobile);
    expect(mediaGoesTo(harness)).toEqual([viewerAt]);
    harness.wait(limits.addressQuietMsMax + 1);

    const second = wire.sendCheck('camera', cameraAt, { useCandidate: true });
    expect(harness.sent.map(({ to }) => to)).toEqual([viewerAt, mobile]);
    harness.receive(mobile, wire.answer('viewer', second));
    expect(mediaGoesTo(harness)).toEqual([mobile]);
  });

  test('that moves to another wire is chosen no longer', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    wire.sendCheck('viewer', viewerAt, { useCandidate: true });
    wire.sendCheck('camera', viewerAt);
    wire.sendCheck('camera', cameraAt);
    expect(mediaGoesTo(harness)).toEqual([at(3)]);
  });

  function mediaGoesTo(harness: EngineHarness) {
    harness.receive(cameraAt, rtp(1));
    return harness.sent.map(({ to }) => to);
  }
});

describe('before the other side has latched', () => {
  test('what comes is held, and delivered in order with the latch', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const check = wire.sendCheck('viewer', viewerAt);
    expect(harness.sent).toEqual([]);
    harness.receive(viewerAt, dtls);
    harness.receive(viewerAt, rtp(1));
    expect(harness.events).toEqual([]);
    const own = wire.sendCheck('camera', cameraAt);

    expect(harness.sent).toEqual([
      { to: cameraAt, bytes: check },
      { to: cameraAt, bytes: dtls },
      { to: cameraAt, bytes: rtp(1) },
      { to: viewerAt, bytes: own },
    ]);
    expect(harness.sizes.held).toBe(0);
    expect(harness.counters.forwarded).toMatchObject({ viewer: { packets: 3 }, camera: { packets: 1 } });
  });

  test('a held check is answered like any other', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const check = wire.sendCheck('viewer', viewerAt);
    wire.sendCheck('camera', cameraAt);
    harness.receive(cameraAt, wire.answer('camera', check));
    expect(harness.sent).toMatchObject([{ to: viewerAt }]);
  });

  test('held bytes are a copy: the port may use its buffer again', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', viewerAt);
    const bytes = Buffer.from(dtls);
    harness.receive(viewerAt, bytes);
    bytes.fill(0);
    wire.sendCheck('camera', cameraAt);
    expect(harness.sent[1]).toEqual({ to: cameraAt, bytes: dtls });
  });

  test('the same datagram is held once', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const check = wire.sendCheck('viewer', viewerAt);
    harness.receive(viewerAt, check);
    expect(harness.sizes.held).toBe(1);
  });

  test('the oldest leaves beyond the bound', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', viewerAt);
    for (let n = 1; n < limits.heldDatagramsPerSideMax; n++) expect(harness.receive(viewerAt, rtp(n))).toBeUndefined();
    expect(harness.receive(viewerAt, rtp(100))).toBe('held-too-many');
    expect(harness.sizes.held).toBe(limits.heldDatagramsPerSideMax);
    wire.sendCheck('camera', cameraAt);
    expect(harness.sent[0]?.bytes).toEqual(rtp(1));
    expect(harness.sent[limits.heldDatagramsPerSideMax - 1]?.bytes).toEqual(rtp(100));
  });

  test('what is too large is not held', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', viewerAt);
    expect(harness.receive(viewerAt, Buffer.alloc(limits.heldDatagramBytesMax + 1, 22))).toBe('held-too-large');
    expect(harness.receive(viewerAt, Buffer.alloc(limits.heldDatagramBytesMax, 22))).toBeUndefined();
    expect(harness.sizes.held).toBe(2);
  });

  test('what waited longer than a transaction lives is not delivered', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('viewer', viewerAt);
    harness.wait(1);
    harness.receive(viewerAt, dtls);
    harness.wait(limits.transactionMsMax);
    const own = wire.sendCheck('camera', cameraAt);

    expect(harness.sent).toEqual([
      { to: cameraAt, bytes: dtls },
      { to: viewerAt, bytes: own },
    ]);
    expect(harness.counters.drops['held-too-long']).toBe(1);
  });

  test('a retransmission renews the wait', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const check = wire.sendCheck('viewer', viewerAt);
    harness.wait(limits.transactionMsMax);
    harness.receive(viewerAt, check);
    harness.wait(limits.transactionMsMax);
    wire.sendCheck('camera', cameraAt);
    expect(harness.sent[0]).toEqual({ to: cameraAt, bytes: check });
  });
});
