import { describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/index.ts';
import type { IceCredentials } from '../../../src/relay/index.ts';
import { at, credentials, EngineHarness, emptySizes } from '../support/engine-harness.ts';

const detail = (text: RegExp) => expect.stringMatching(text);
const unusable = expect.objectContaining({ code: 'sdp-no-ice', detail: detail(/unusable length or alphabet/) });
const inUse = expect.objectContaining({ code: 'sdp-no-ice', detail: detail(/in use already/) });
const tooMany = expect.objectContaining({ code: 'overloaded', detail: detail(/with one username/) });

describe('usable ICE credentials (RFC 8839 section 5.4)', () => {
  const good = credentials('good');
  const sized = (ufrag: number, password: number) => ({ ufrag: 'u'.repeat(ufrag), password: 'p'.repeat(password) });

  test.each<[string, IceCredentials]>([
    ['the shortest', sized(limits.iceUfragCharactersMin, limits.icePasswordCharactersMin)],
    ['the longest', sized(limits.iceUfragCharactersMax, limits.icePasswordCharactersMax)],
    ['every kind of character', { ufrag: 'aZ09+/', password: 'aZ09+/-_=#aZ09+/-_=#aZ' }],
  ])('%s are taken', (_name, each) => {
    expect(new EngineHarness().open(each, good).handle.ended).toBe(false);
    expect(new EngineHarness().open(good, each).handle.ended).toBe(false);
  });

  test.each<[string, IceCredentials]>([
    ['a ufrag too short', sized(limits.iceUfragCharactersMin - 1, limits.icePasswordCharactersMin)],
    ['a ufrag too long', sized(limits.iceUfragCharactersMax + 1, limits.icePasswordCharactersMin)],
    ['a password too short', sized(limits.iceUfragCharactersMin, limits.icePasswordCharactersMin - 1)],
    ['a password too long', sized(limits.iceUfragCharactersMin, limits.icePasswordCharactersMax + 1)],
    ['a ufrag with a colon', { ...good, ufrag: 'aa:bb' }],
    ['a ufrag that begins with a space', { ...good, ufrag: ' aabb' }],
    ['a ufrag that ends with a newline', { ...good, ufrag: 'aabb\n' }],
    ['a password with a letter outside ASCII', { ...good, password: `${good.password}é` }],
    ['a password that begins with one', { ...good, password: `é${good.password}` }],
  ])('%s is refused', (_name, each) => {
    for (const [viewer, camera] of [
      [each, good],
      [good, each],
    ] as const) {
      const harness = new EngineHarness();
      expect(() => harness.open(viewer, camera)).toThrow(unusable);
      expect(harness.sizes).toEqual(emptySizes);
      expect(harness.counters.wiresOpened).toBe(0);
    }
  });
});

describe('colliding ufrags', () => {
  const viewer = (n: number) => ({ ufrag: 'same', password: credentials(`v${n}`).password });
  const camera = (n: number) => ({ ufrag: 'name', password: credentials(`c${n}`).password });

  test('integrity picks the wire, up to the bound of wires with one username', () => {
    const harness = new EngineHarness();
    const wires = Array.from({ length: limits.wiresPerUsernameMax }, (_, n) => harness.open(viewer(n), camera(n)));
    expect(harness.sizes.usernames).toBe(2);
    expect(() => harness.open(viewer(99), camera(99))).toThrow(tooMany);
    expect(harness.sizes.wires).toBe(limits.wiresPerUsernameMax);

    wires.forEach((wire, n) => {
      wire.sendCheck('camera', at(100 + n));
      wire.sendCheck('viewer', at(n));
      expect(harness.events).toEqual([{ kind: 'latched', wire: wire.handle, side: 'viewer' }]);
      expect(harness.sent).toMatchObject([{ to: at(n) }, { to: at(100 + n) }]);
    });
    for (const wire of wires) harness.end(wire.handle);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('the end of one wire leaves the others their name', () => {
    const harness = new EngineHarness();
    const [first, second] = [harness.open(viewer(1), camera(1)), harness.open(viewer(2), camera(2))];
    harness.end(first.handle);
    expect(harness.receive(at(1), first.check('viewer'))).toBe('integrity');
    second.sendCheck('viewer', at(1));
    expect(harness.sizes.latches).toBe(1);
  });

  test('credentials that are in use together are refused: nothing could tell the two wires apart', () => {
    const harness = new EngineHarness();
    harness.open(viewer(1), camera(1));
    expect(() => harness.open(viewer(2), camera(1))).toThrow(inUse);
    expect(() => harness.open(viewer(1), camera(2))).toThrow(inUse);
    expect(harness.sizes).toMatchObject({ wires: 1, usernames: 2 });
    harness.open(viewer(2), camera(2));
  });

  test('a viewer that copies the camera’s credentials gets no wire: the sides could not be told apart', () => {
    const harness = new EngineHarness();
    expect(() => harness.open(camera(1), camera(1))).toThrow(inUse);
    expect(harness.sizes).toEqual(emptySizes);
  });

  test('sides with one ufrag and two passwords are told apart by integrity', () => {
    const harness = new EngineHarness();
    const wire = harness.open({ ...camera(1), password: viewer(1).password }, camera(1));
    wire.sendCheck('camera', at(2));
    expect(harness.events).toMatchObject([{ kind: 'latched', side: 'camera' }]);
    wire.sendCheck('viewer', at(1));
    expect(harness.events).toMatchObject([{ kind: 'latched', side: 'viewer' }]);
  });
});
