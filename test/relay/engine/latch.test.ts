import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import { at, credentials, dtls, EngineHarness, rtp } from '../support/engine-harness.ts';
import { attribute, stun, stunTypes } from '../support/stun-messages.ts';

const viewerAt = at(1);
const cameraAt = at(2);

describe('a valid check', () => {
  test('latches its address, and goes on to the other side as it is', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);

    expect(harness.sent).toContainEqual({ to: cameraAt, bytes: check });
    expect(harness.events).toEqual([{ kind: 'latched', wire: wire.handle, side: 'viewer' }]);
    expect(harness.sizes.latches).toBe(2);
    expect(harness.counters.latches).toEqual({ viewer: 1, camera: 1 });
  });

  test('tells of a latch once for each side', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    wire.sendCheck('viewer', at(3));
    expect(harness.events).toEqual([]);
    expect(harness.stats(wire.handle).viewer.latches).toBe(2);
    wire.sendCheck('viewer', at(3));
    expect(harness.stats(wire.handle).viewer.latches).toBe(2);
  });

  test('holds with SHA-256 as well', () => {
    const harness = new EngineHarness();
    const { ufrag, password } = credentials('camr');
    harness.open();
    const username = `${ufrag}:${credentials('view').ufrag}`;
    const bytes = stun({ transaction: harness.newTransaction(), username, passwordSha256: password });

    expect(harness.receive(viewerAt, bytes)).toBeUndefined();
    expect(harness.sizes.latches).toBe(1);
  });

  test('is a matter of the receiver’s password: the sender’s own proves nothing', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    const own = wire.check('viewer', { password: credentials('view').password });

    expect(harness.receive(viewerAt, own)).toBe('integrity');
    expect(harness.sizes).toMatchObject({ latches: 0, held: 0, transactions: 0 });
  });

  test('names the receiver first: the names the other way round are the other side', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    expect(harness.events).toEqual([{ kind: 'latched', wire: wire.handle, side: 'camera' }]);
  });
});

describe('what latches nothing, goes nowhere and is not answered', () => {
  const transaction = Buffer.alloc(12, 7);
  const { password } = credentials('camr');
  const username = 'camr:view';

  test.each([
    ['a check without a username', 'username-missing', stun({ transaction, password })],
    ['a check for nobody', 'username-unknown', stun({ transaction, username: 'camr:viex', password })],
    ['a check for half a name', 'username-unknown', stun({ transaction, username: 'camr', password })],
    ['a check for a longer name', 'username-unknown', stun({ transaction, username: 'camr:view1', password })],
    ['a check without integrity', 'integrity', stun({ transaction, username })],
    ['a check with the wrong password', 'integrity', stun({ transaction, username, password: 'wrong' })],
    ['a check with a wrong fingerprint', 'stun-fingerprint', wrongFingerprint()],
    ['a TURN allocation', 'stun-method', stun({ transaction, type: 0x0003, username, password })],
    ['half a check', 'stun-malformed', stun({ transaction, username, password }).subarray(0, 40)],
    ['an answer', 'unlatched', stun({ transaction, type: stunTypes.success, password })],
    ['an error', 'unlatched', stun({ transaction, type: stunTypes.error, password })],
    ['an indication', 'unlatched', stun({ transaction, type: stunTypes.indication })],
    ['media', 'unlatched', rtp(1)],
    ['DTLS', 'unlatched', dtls],
    ['nothing', 'empty', Buffer.alloc(0)],
    ['ZRTP', 'class-zrtp', Buffer.from([16])],
    ['a TURN channel', 'class-turn-channel', Buffer.from([64])],
    ['QUIC', 'class-quic', Buffer.from([192])],
    ['an unassigned class', 'class-unassigned', Buffer.from([4])],
  ] as const)('%s', (_name, reason, bytes) => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const before = harness.sizes;

    expect(harness.receive(at(66), bytes)).toBe(reason);
    expect(harness.sent).toEqual([]);
    expect(harness.events).toEqual([]);
    expect(harness.sizes).toEqual(before);
    expect(harness.counters.drops[reason]).toBe(1);
    expect(harness.counters.received.viewer).toEqual({ packets: 0, bytes: 0 });
  });

  test.each([16, 64, 192, 4])('a datagram that begins with %i, from a latched address too', (first) => {
    const harness = new EngineHarness();
    harness.open().latch(viewerAt, cameraAt);
    expect(harness.receive(viewerAt, Buffer.from([first, 0, 0, 0]))).toMatch(/^class-/);
    expect(harness.sent).toEqual([]);
  });

  test('a check that seems to come from the relay itself', () => {
    const own = at(200, 3478);
    const harness = new EngineHarness([own]);
    const wire = harness.open();

    expect(harness.receive(own, wire.check('viewer'))).toBe('own-address');
    expect(harness.sizes.latches).toBe(0);
    expect(harness.receive(at(200, 3479), wire.check('viewer'))).toBeUndefined();
  });

  function wrongFingerprint(): Buffer {
    return stun({ transaction, username, password, behind: [attribute(0x8028, Buffer.alloc(4))] });
  }
});

describe('data', () => {
  test.each([
    ['media', rtp(7)],
    ['RTCP', Buffer.from('80c80001deadbeef', 'hex')],
    ['DTLS', dtls],
    ['an indication', stun({ transaction: Buffer.alloc(12), type: stunTypes.indication })],
  ])('%s goes from each side to the other, the very bytes', (_name, bytes) => {
    const harness = new EngineHarness();
    harness.open().latch(viewerAt, cameraAt);

    expect(harness.receive(viewerAt, bytes)).toBeUndefined();
    expect(harness.sent).toEqual([{ to: cameraAt, bytes }]);
    expect(harness.receive(cameraAt, bytes)).toBeUndefined();
    expect(harness.sent).toEqual([{ to: viewerAt, bytes }]);
  });

  test('the first media of each side is told once, and RTCP is not media', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    harness.receive(cameraAt, Buffer.from('80c80001deadbeef00000000', 'hex'));
    harness.receive(cameraAt, dtls);
    expect(harness.events).toEqual([]);
    harness.receive(cameraAt, rtp(1));
    expect(harness.events).toEqual([{ kind: 'media', wire: wire.handle, side: 'camera' }]);
    harness.receive(cameraAt, rtp(2));
    expect(harness.events).toEqual([]);
    harness.receive(viewerAt, rtp(1));
    expect(harness.events).toEqual([{ kind: 'media', wire: wire.handle, side: 'viewer' }]);
  });

  test('only RTP makes a stream, one for each SSRC of each side', () => {
    const harness = new EngineHarness();
    harness.open().latch(viewerAt, cameraAt);
    const indication = stun({ transaction: Buffer.alloc(12), type: stunTypes.indication });
    for (const bytes of [dtls, indication, Buffer.from('80c80001deadbeef00000000', 'hex')]) {
      harness.receive(cameraAt, bytes);
    }
    expect(harness.sizes.streams).toBe(0);
    for (const ssrc of [1, 2, 2]) harness.receive(cameraAt, rtp(1, ssrc));
    harness.receive(viewerAt, rtp(1, 1));
    expect(harness.sizes.streams).toBe(3);
  });

  test('what goes on counts as no drop', () => {
    const harness = new EngineHarness();
    harness.open().latch(viewerAt, cameraAt);
    harness.receive(cameraAt, rtp(1));
    expect(harness.counters.drops).toEqual(new EngineHarness().counters.drops);
  });

  test('what a side sends is counted, by packets, bytes and gaps', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const before = harness.stats(wire.handle);
    const check = wire.check('camera').length;
    const size = rtp(1).length;
    for (const sequence of [1, 2, 5]) harness.receive(cameraAt, rtp(sequence));
    harness.receive(cameraAt, dtls);
    wire.sendCheck('camera', cameraAt);

    expect(before.camera).toMatchObject({ packets: 1, bytes: check, lost: 0, latches: 1, rtpPackets: 0 });
    const all = 2 * check + 3 * size + dtls.length;
    const after = harness.stats(wire.handle);
    expect(after.viewer).toEqual(before.viewer);
    expect(after.camera).toMatchObject({ packets: 6, bytes: all, lost: 2, latches: 1, rtpPackets: 3, policed: 0 });
    expect(harness.counters.received.camera).toEqual({ packets: 6, bytes: all });
    expect(harness.counters.forwarded.camera).toEqual({ packets: 6, bytes: all });
    expect(harness.counters.received.viewer).toEqual({ packets: 1, bytes: wire.check('viewer').length });
    expect(harness.counters.forwarded.viewer).toEqual({ packets: 1, bytes: wire.check('viewer').length });
  });
});

describe('an address belongs to one side of one wire', () => {
  test('a valid check for another wire moves it, wholly and from that datagram on', () => {
    const harness = new EngineHarness();
    const first = harness.open(credentials('vie1'), credentials('cam1')).latch(viewerAt, cameraAt);
    const second = harness.open(credentials('vie2'), credentials('cam2'));
    second.sendCheck('camera', at(22));
    second.sendCheck('viewer', viewerAt);

    expect(harness.events).toContainEqual({ kind: 'moved', from: first.handle, to: second.handle });
    expect(harness.counters.moves).toBe(1);
    harness.receive(viewerAt, dtls);
    expect(harness.sent).toEqual([{ to: at(22), bytes: dtls }]);
    harness.receive(cameraAt, rtp(1));
    expect(harness.sent).toEqual([]);
    expect(harness.sizes).toMatchObject({ latches: 3, held: 1 });
  });

  test('an answer to a check of the wire that it left does not reach it', () => {
    const harness = new EngineHarness();
    const first = harness.open(credentials('vie1'), credentials('cam1')).latch(viewerAt, cameraAt);
    const second = harness.open(credentials('vie2'), credentials('cam2'));
    const check = first.sendCheck('viewer', viewerAt);
    second.sendCheck('viewer', viewerAt);

    expect(harness.receive(cameraAt, first.answer('camera', check))).toBe('asker-gone');
    expect(harness.sent).toEqual([]);
  });

  test('it may change sides within its wire, and what it asked before is over', () => {
    const harness = new EngineHarness();
    const wire = harness.open().latch(viewerAt, cameraAt);
    const check = wire.sendCheck('viewer', viewerAt);
    wire.sendCheck('camera', viewerAt);

    expect(harness.events).toEqual([{ kind: 'moved', from: wire.handle, to: wire.handle }]);
    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBe('asker-gone');
    expect(harness.sizes.latches).toBe(2);
  });

  test('the ninth address of a side makes the one heard least recently leave, but not the chosen one', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    wire.sendCheck('viewer', at(10), { useCandidate: true });
    for (let host = 11; host < 10 + limits.addressesPerSideMax; host++) wire.sendCheck('viewer', at(host));
    wire.sendCheck('viewer', at(11));
    expect(harness.sizes.latches).toBe(1 + limits.addressesPerSideMax);
    wire.sendCheck('viewer', at(99));

    expect(harness.sizes.latches).toBe(1 + limits.addressesPerSideMax);
    expect(harness.receive(at(12), dtls)).toBe('unlatched');
    for (const host of [10, 11, 13, 99]) expect(harness.receive(at(host), dtls)).toBeUndefined();
    harness.receive(cameraAt, dtls);
    expect(harness.sent).toEqual([{ to: at(10), bytes: dtls }]);
  });

  test('the one that leaves for a ninth is sent nothing more, not even the answer to what it asked', () => {
    const harness = new EngineHarness();
    const wire = harness.open();
    wire.sendCheck('camera', cameraAt);
    const check = wire.sendCheck('viewer', at(10));
    for (let host = 11; host <= 10 + limits.addressesPerSideMax; host++) wire.sendCheck('viewer', at(host));

    expect(harness.receive(cameraAt, wire.answer('camera', check))).toBe('asker-gone');
    wire.sendCheck('camera', cameraAt);
    expect(harness.sent).toHaveLength(limits.addressesPerSideMax);
    expect(harness.sent.map(({ to }) => to)).not.toContainEqual(at(10));
  });
});
