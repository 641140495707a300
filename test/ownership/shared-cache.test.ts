import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/index.ts';
import { createSharedCache, type OwnershipSettings } from '../../src/ownership/index.ts';
import { codeOf } from '../support/codes.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { asking, cacheSettings } from './support/asking.ts';
import { MemoryStore } from './support/memory-store.ts';
import { granting, refusing, ScriptedSource } from './support/scripted-source.ts';
import { SharedSource, sharedKey, sharing } from './support/sharing.ts';

interface Differences {
  readonly settings?: Partial<OwnershipSettings>;
  readonly keys?: readonly number[];
  readonly source?: SharedSource;
}

/** Two relays on one store and one clock, each with a source of its own. */
function twoRelays(first: Differences = {}, second: Differences = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const a = sharing({ clock, openStore: store.open, seed: 1, ...first });
  const b = sharing({ clock, openStore: store.open, seed: 2, ...second });
  return { clock, store, a, b };
}

describe('an answer that one relay had', () => {
  it('is the other’s as well, which does not ask the source', async () => {
    const { a, b } = twoRelays();
    a.source.answer = (question) => granting(question, 'viewer');
    await a.may('alice', 'cam1');
    expect(await b.may('alice', 'cam1')).toMatchObject({ subject: 'alice', device: 'cam1', role: 'viewer' });
    expect([b.source.asked, b.answered, b.asked]).toEqual([[], ['granted shared'], ['hit']]);
    expect(a.asked).toEqual(['miss']);
  });

  it('is then remembered there, and not asked for twice', async () => {
    const { a, b } = twoRelays();
    await a.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    expect(b.answered).toEqual(['granted shared', 'granted cache']);
  });

  it('may be a refusal', async () => {
    const { a, b } = twoRelays();
    a.source.answer = refusing;
    await a.codeFor('alice', 'cam1');
    expect(await b.codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(b.answered).toEqual(['refused shared']);
  });

  it('is for its own question alone', async () => {
    const { a, b } = twoRelays();
    await a.may('alice', 'cam1');
    b.source.answer = refusing;
    for (const [subject, device] of [
      ['alice', 'cam10'],
      ['ben', 'cam1'],
      ['alicec', 'am1'],
    ] as const) {
      expect(await b.codeFor(subject, device)).toBe('not-allowed');
    }
    expect([b.alarms, b.source.asked.length]).toEqual([[], 3]);
  });

  it('ends for both at the same time, counted from the first question', async () => {
    const { a, b, clock } = twoRelays();
    await a.may('alice', 'cam1');
    clock.advance(cacheSettings.grantMsMax - 1);
    await b.may('alice', 'cam1');
    b.source.answer = refusing;
    clock.advance(1);
    expect(await b.codeFor('alice', 'cam1')).toBe('not-allowed');
    expect(b.source.asked).toHaveLength(1);
  });

  it('is in the store for no longer than that', async () => {
    const { a, store, clock } = twoRelays();
    a.source.answer = (question) => {
      clock.advance(1_000);
      return granting(question);
    };
    await a.may('alice', 'cam1');
    a.source.answer = (question) => granting(question, 'viewer', clock.now() + 7);
    await a.may('alice', 'cam2');
    a.source.answer = refusing;
    await a.codeFor('alice', 'cam3');
    expect(store.livesMs).toEqual([cacheSettings.grantMsMax - 1_000, 7, cacheSettings.refusalMsMax]);
  });

  it.each<[string, number]>([
    ['a yes', 50],
    ['a no', 20],
  ])('is believed for as long as the reader’s own bounds say: %s', async (what, lifeMs) => {
    const long = { grantMsMax: 60_000, refusalMsMax: 60_000 };
    const { a, b, clock } = twoRelays({ settings: long }, { settings: { grantMsMax: 50, refusalMsMax: 20 } });
    a.source.answer = (question) => (what === 'a yes' ? granting(question) : refusing(question));
    b.source.answer = a.source.answer;
    await a.codeFor('alice', 'cam1');
    clock.advance(lifeMs - 1);
    await b.codeFor('alice', 'cam1');
    await b.codeFor('alice', 'cam1');
    clock.advance(1);
    expect(b.source.asked).toHaveLength(0);
    await b.codeFor('alice', 'cam1');
    expect([b.source.asked.length, b.asked.at(-1)]).toEqual([1, 'outdated']);
    clock.advance(59_999 - lifeMs);
    await b.codeFor('alice', 'cam1');
    expect(b.source.asked).toHaveLength(2);
  });

  it('of another revision is no answer, and no alarm', async () => {
    const { a, b } = twoRelays();
    await a.may('alice', 'cam1');
    b.source.current = 'r2';
    b.source.answer = refusing;
    expect(await b.codeFor('alice', 'cam1')).toBe('not-allowed');
    expect([b.asked, b.alarms]).toEqual([['outdated'], []]);
  });

  it('that came while the source told of a change is no answer', async () => {
    const { a, b, store } = twoRelays();
    await a.may('alice', 'cam1');
    const held = Promise.withResolvers<void>();
    store.answer = async (name) => {
      await held.promise;
      return store.entries.get(name);
    };
    b.source.answer = refusing;
    const code = b.codeFor('alice', 'cam1');
    b.source.current = 'r2';
    held.resolve();
    expect(await code).toBe('not-allowed');
    expect(b.source.asked).toHaveLength(1);
  });

  it('of another source is none', async () => {
    class Other extends SharedSource {
      override readonly sharedAs = 'other';
    }
    const { a, b } = twoRelays({}, { source: new Other() });
    await a.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    expect([b.asked, b.alarms]).toEqual([['miss'], []]);
  });

  it('of a source of another kind under the same name is none', async () => {
    const { a, b } = twoRelays({}, { source: new SharedSource('other') });
    await a.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    expect([b.asked, b.alarms]).toEqual([['outdated'], []]);
  });

  it('is not given out after the end', async () => {
    const { a, b, store } = twoRelays();
    await a.may('alice', 'cam1');
    const held = Promise.withResolvers<void>();
    store.answer = async (name) => {
      await held.promise;
      return store.entries.get(name);
    };
    const code = b.codeFor('alice', 'cam1');
    await b.ownership.close();
    held.resolve();
    expect(await code).toBe('source-unavailable');
    expect(store.closed).toBe(1);
  });
});

describe('keys', () => {
  it('of which the older ones are still believed: relays that change theirs one by one go on sharing', async () => {
    const { a, b } = twoRelays({ keys: [1, 2] }, { keys: [2, 1] });
    await a.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    await b.may('ben', 'cam2');
    await a.may('ben', 'cam2');
    expect([b.answered[0], a.answered[1]]).toEqual(['granted shared', 'granted shared']);
  });

  it('that are others hide the entries from each other, without alarm', async () => {
    const { a, b } = twoRelays({ keys: [1] }, { keys: [2] });
    await a.may('alice', 'cam1');
    await b.may('alice', 'cam1');
    expect([b.asked, b.alarms]).toEqual([['miss'], []]);
  });
});

describe('a question', () => {
  it('that is joined is asked of the shared cache once', async () => {
    const { a, b } = twoRelays();
    await a.may('alice', 'cam1');
    await Promise.all([b.may('alice', 'cam1'), b.may('alice', 'cam1'), b.may('alice', 'cam1')]);
    expect([b.asked, b.answered]).toEqual([['hit'], Array(3).fill('granted shared')]);
  });

  it('goes to the source where the store fails, and nobody hears of it', async () => {
    const { a, store } = twoRelays();
    store.answer = () => Promise.reject(new Error('down'));
    expect(await a.codeFor('alice', 'cam1')).toBe('done');
    expect([a.asked, a.alarms, a.answered]).toEqual([['unavailable'], [], ['granted source']]);
  });

  it('takes no entry for stale that ended while this process stood still', async () => {
    const { a, b, store, clock } = twoRelays({ settings: cacheSettings }, {});
    await a.may('alice', 'cam1');
    const [sealed] = store.entries.values();
    store.answer = async () => {
      clock.setBack(-(cacheSettings.grantMsMax + limits.sharedClockMsMax));
      return sealed;
    };
    await b.may('alice', 'cam1');
    expect([b.asked, b.alarms]).toEqual([['outdated'], []]);
  });

  it('fails where the source fails, whatever else is down', async () => {
    const { a, store } = twoRelays();
    store.answer = () => Promise.reject(new Error('down'));
    a.source.answer = () => Promise.reject(new Error('down'));
    expect(await a.codeFor('alice', 'cam1')).toBe('source-unavailable');
  });
});

describe('an entry that is not believed', () => {
  const [first, second] = [{ settings: cacheSettings }, {}];

  it.each<[string, string, (store: MemoryStore, clock: ManualClock) => void]>([
    ['written by nobody with a key', 'shared-seal', (store) => rewrite(store, () => 'owner')],
    ['truncated', 'shared-seal', (store) => rewrite(store, (sealed) => sealed.slice(0, -1))],
    ['empty', 'shared-seal', (store) => rewrite(store, () => '')],
    ['another question’s', 'shared-crossed', (store) => rewrite(store, () => [...store.entries.values()].at(-1) ?? '')],
    [
      'past its time by more than clocks may differ',
      'shared-stale',
      (_, clock) => clock.advance(cacheSettings.grantMsMax + limits.sharedClockMsMax),
    ],
    [
      'of a time to come by more than clocks may differ',
      'shared-stale',
      (_, clock) => clock.advance(-limits.sharedClockMsMax - 1),
    ],
  ])('is an alarm, a new road and a question to the source: %s', async (_, kind, spoil) => {
    const { a, b, store, clock } = twoRelays(first, second);
    await a.may('alice', 'cam1');
    await a.may('ben', 'cam2');
    spoil(store, clock);
    b.source.answer = refusing;
    expect(await b.codeFor('alice', 'cam1')).toBe('not-allowed');
    expect([b.alarms, b.asked, store.renewed]).toEqual([[kind], ['alarm'], 1]);
    expect(b.source.asked).toEqual(['alice cam1']);
  });

  it.each<[string, number]>([
    ['past its time', cacheSettings.grantMsMax],
    ['almost too far past it', cacheSettings.grantMsMax + limits.sharedClockMsMax - 1],
    ['of a time to come', -1],
    ['almost of too far a time', -limits.sharedClockMsMax],
  ])('is no alarm as long as clocks may differ by that: %s', async (_, ms) => {
    const { a, b, clock } = twoRelays();
    await a.may('alice', 'cam1');
    clock.advance(ms);
    b.source.answer = refusing;
    expect(await b.codeFor('alice', 'cam1')).toBe('not-allowed');
    expect([b.alarms, b.asked]).toEqual([[], ['outdated']]);
  });

  it('is written over by the next answer', async () => {
    const { a, b, store } = twoRelays();
    await a.may('alice', 'cam1');
    rewrite(store, () => 'owner');
    await b.may('alice', 'cam1');
    const third = sharing({ clock: a.clock, openStore: store.open, seed: 3 });
    await third.may('alice', 'cam1');
    expect(third.answered).toEqual(['granted shared']);
  });
});

describe('after a few alarms', () => {
  async function leftOut() {
    const { a, b, store, clock } = twoRelays();
    for (let n = 0; n < limits.sharedAlarmsMax; n++) {
      store.entries.clear();
      await a.may('alice', `cam${n}`);
      rewrite(store, () => 'owner');
      expect(b.shared.inUse).toBe(true);
      await b.may('alice', `cam${n}`);
    }
    return { a, b, store, clock };
  }

  it('the cache is neither asked nor written, until its time', async () => {
    const { a, b, store, clock } = await leftOut();
    expect([b.told, b.shared.inUse]).toEqual([['connected', 'left-out'], false]);
    await a.may('ben', 'cam9');
    const written = store.livesMs.length;
    expect(await b.codeFor('ben', 'cam9')).toBe('done');
    expect([b.asked.at(-1), b.answered.at(-1), store.livesMs.length]).toEqual(['left-out', 'granted source', written]);
    store.entries.clear();
    clock.advance(limits.sharedDistrustMsFirst);
    expect(b.told.at(-1)).toBe('taken-back');
    await a.may('ben', 'cam9');
    await b.may('ben', 'cam9');
    expect(b.answered.at(-1)).toBe('granted shared');
  });

  it('an operator takes it back', async () => {
    const { b } = await leftOut();
    b.shared.takeBack();
    expect([b.shared.inUse, b.told.at(-1)]).toEqual([true, 'taken-back']);
  });

  it('what was on its way is not believed either', async () => {
    const { a, b, store } = twoRelays();
    await a.may('alice', 'good');
    const held = Promise.withResolvers<void>();
    const good = new Set(store.entries.keys());
    store.answer = async (name) => {
      if (good.has(name)) await held.promise;
      return good.has(name) ? store.entries.get(name) : 'owner';
    };
    const proof = b.may('alice', 'good');
    for (let n = 0; n < limits.sharedAlarmsMax; n++) await b.may('alice', `cam${n}`);
    held.resolve();
    await proof;
    expect([b.asked.at(-1), b.answered.at(-1)]).toEqual(['left-out', 'granted source']);
  });

  it('so it is after replies that nobody asked for', () => {
    const { b, store } = twoRelays();
    for (let n = 0; n < limits.sharedAlarmsMax; n++) store.observer?.foreign();
    expect([b.alarms, b.told.at(-1)]).toEqual([Array(limits.sharedAlarmsMax).fill('shared-foreign'), 'left-out']);
  });
});

describe('a shared cache', () => {
  it('is in use while it is connected', () => {
    const { b, store } = twoRelays();
    expect(b.shared.inUse).toBe(true);
    store.observer?.reached?.('lost', undefined);
    expect(b.shared.inUse).toBe(false);
    store.observer?.reached?.('connected', undefined);
    store.observer?.foreign();
    expect(b.shared.inUse).toBe(false);
  });

  it('is refused for a source whose answers are its own', async () => {
    const clock = new ManualClock();
    const parts = { keys: [sharedKey(1)], openStore: new MemoryStore().open, clock, random: seededRandom(1) };
    const create = () => createSharedCache(cacheSettings, { ...parts, source: new ScriptedSource() });
    expect(await codeOf(create)).toBe('settings-invalid');
    expect(create).toThrow(/scripted/);
  });

  it('is used with its own source and no other', () => {
    const { a } = twoRelays();
    expect(() => asking({ source: new ScriptedSource(), shared: a.shared })).toThrow(TypeError);
  });
});

/** Changes what lies under the first name that was written. */
function rewrite(store: MemoryStore, change: (sealed: string) => string): void {
  const [[name, sealed] = []] = store.entries;
  if (name === undefined || sealed === undefined) throw new Error('nothing was written');
  store.entries.set(name, change(sealed));
}
