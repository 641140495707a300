import { describe, expect, it } from 'vitest';
import { createLruStore, type OwnershipAnswer, type SealedStore } from '../../src/ownership/index.ts';
import { createSealedCache, type Moment } from '../../src/ownership/sealed-cache.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { granting, questionOf, refusing } from './support/scripted-source.ts';

const alice = questionOf('alice', 'cam1');
const moment: Moment = { nowMs: 1_000, ageMsMax: 5_000, source: 'test', revision: 'r1' };
const rest = { source: 'test', revision: 'r1', expiresAtMs: 6_000 };

function cacheOn(store: SealedStore, seed = 1) {
  const alarms: string[] = [];
  return { alarms, cache: createSealedCache(store, seededRandom(seed), (kind) => alarms.push(kind)) };
}

/** A store whose contents a test can read and change. */
function openStore() {
  const entries = new Map<string, string>();
  const store: SealedStore = {
    get: (key) => entries.get(key),
    set: (key, sealed) => void entries.set(key, sealed),
    delete: (key) => void entries.delete(key),
  };
  return { entries, store };
}

function filled(answer: OwnershipAnswer = granting(alice)) {
  const { entries, store } = openStore();
  const { cache, alarms } = cacheOn(store);
  cache.remember(alice, { answer, ...rest });
  const [[key = '', sealed = ''] = []] = entries;
  return { entries, cache, alarms, key, sealed };
}

describe('a sealed answer', () => {
  it.each<[string, OwnershipAnswer]>([
    ['a grant', granting(alice)],
    ['a share that ends', granting(alice, 'viewer', 7_000)],
    ['a refusal', refusing(alice)],
    ['an answer with a mark that has colons', { ...granting(alice), version: '3:a:b' }],
  ])('comes back as it was: %s', (_, answer) => {
    const { cache, alarms } = filled(answer);
    expect(cache.recall(alice, moment)).toEqual(answer);
    expect(alarms).toEqual([]);
  });

  it('is not there for another question', () => {
    const { cache, alarms } = filled();
    for (const other of [questionOf('alice', 'cam10'), questionOf('alicec', 'am1'), questionOf('ben', 'cam1')]) {
      expect(cache.recall(other, moment)).toBeUndefined();
    }
    expect(alarms).toEqual([]);
  });

  it('ends at its time, and is forgotten then', () => {
    const { cache, entries } = filled();
    expect(cache.recall(alice, { ...moment, nowMs: 5_999 })).toBeDefined();
    expect(cache.recall(alice, { ...moment, nowMs: 6_000 })).toBeUndefined();
    expect(entries.size).toBe(0);
  });

  it('that would last longer than any may is forgotten: the clock was set back', () => {
    const { cache } = filled();
    expect(cache.recall(alice, { ...moment, nowMs: 999 })).toBeUndefined();
  });

  it('of another source or another revision is forgotten, without alarm', () => {
    for (const other of [{ source: 'other' }, { revision: 'r2' }]) {
      const { cache, alarms, entries } = filled();
      expect(cache.recall(alice, { ...moment, ...other })).toBeUndefined();
      expect([entries.size, alarms]).toEqual([0, []]);
    }
  });
});

describe('an entry that was changed', () => {
  it('is no answer, at whichever character, and is forgotten with an alarm', () => {
    const { sealed, key } = filled();
    for (let at = 0; at < sealed.length; at++) {
      const { cache, entries, alarms } = filled();
      const other = sealed[at] === 'A' ? 'B' : 'A';
      entries.set(key, sealed.slice(0, at) + other + sealed.slice(at + 1));
      expect(cache.recall(alice, moment)).toBeUndefined();
      expect([alarms, entries.size]).toEqual([['cache-mac'], 0]);
    }
  });

  it.each<[string, (sealed: string) => unknown]>([
    ['cut off', (sealed) => sealed.slice(0, -1)],
    ['longer', (sealed) => `${sealed}0:`],
    ['without its MAC', (sealed) => sealed.slice(43)],
    ['only a MAC', (sealed) => sealed.slice(0, 43)],
    ['with a MAC of other characters', (sealed) => `${'é'.repeat(43)}${sealed.slice(43)}`],
    ['empty', () => ''],
    ['null', () => null],
    ['an object', () => ({ role: 'owner' })],
  ])('is no answer: %s', (_, change) => {
    const { cache, entries, alarms, key, sealed } = filled();
    entries.set(key, change(sealed) as string);
    expect(cache.recall(alice, moment)).toBeUndefined();
    expect(alarms).toEqual(['cache-mac']);
  });

  it('is no answer when another process sealed it', () => {
    const { store } = openStore();
    const [ours, theirs] = [cacheOn(store, 1), cacheOn(store, 2)];
    theirs.cache.remember(alice, { answer: granting(alice), ...rest });
    expect(ours.cache.recall(alice, moment)).toBeUndefined();
    expect(ours.alarms).toEqual(['cache-mac']);
  });
});

describe('an entry in the place of another', () => {
  it.each<[string, string]>([
    ['alice', 'cam2'],
    ['ben', 'cam1'],
    ['alic', 'ecam1'],
  ])('is no answer for %s and %s, and an alarm', (subject, device) => {
    const { cache, entries, alarms, sealed } = filled();
    const other = questionOf(subject, device);
    cache.remember(other, { answer: refusing(other), ...rest });
    for (const key of entries.keys()) entries.set(key, sealed);
    expect(cache.recall(other, moment)).toBeUndefined();
    expect(alarms).toEqual(['cache-crossed']);
    expect(entries.size).toBe(1);
    expect(cache.recall(alice, moment)?.role).toBe('owner');
  });
});

describe('a store that fails', () => {
  const broken = () => {
    throw new Error('broken');
  };

  it('has no entry', () => {
    const { store } = openStore();
    const { cache, alarms } = cacheOn({ ...store, get: broken });
    cache.remember(alice, { answer: granting(alice), ...rest });
    expect(cache.recall(alice, moment)).toBeUndefined();
    expect(alarms).toEqual([]);
  });

  it('does not fail whoever remembers or forgets', () => {
    const { store } = openStore();
    expect(() =>
      cacheOn({ ...store, set: broken }).cache.remember(alice, { answer: granting(alice), ...rest }),
    ).not.toThrow();
    const { cache } = cacheOn({ ...store, delete: broken });
    cache.remember(alice, { answer: granting(alice), ...rest });
    expect(cache.recall(alice, { ...moment, revision: 'r2' })).toBeUndefined();
  });
});

describe('the store in this process', () => {
  it('holds as many entries as it may, and forgets the one that was not used for the longest', () => {
    const store = createLruStore(3);
    for (const key of ['a', 'b', 'c']) store.set(key, key);
    expect([store.get('a'), store.size]).toEqual(['a', 3]);
    store.set('d', 'd');
    expect([store.get('b'), store.size]).toEqual([undefined, 3]);
    store.set('c', 'new');
    store.set('e', 'e');
    expect([store.get('a'), store.get('c'), store.get('d'), store.get('e')]).toEqual([undefined, 'new', 'd', 'e']);
  });

  it('forgets what it is told to', () => {
    const store = createLruStore(3);
    store.set('a', 'a');
    store.delete('a');
    expect([store.get('a'), store.size]).toEqual([undefined, 0]);
  });
});
