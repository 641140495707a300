import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits, Redacted } from '../../src/base/index.ts';
import type { OwnershipAnswer } from '../../src/ownership/index.ts';
import { type SharedEntry, SharedSeal } from '../../src/ownership/shared-seal.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { granting, questionOf, refusing } from './support/scripted-source.ts';

const keyOf = (fill: number) => new Redacted(Buffer.alloc(32, fill));
const sealWith = (fills: number[], sharedAs = 'people', seed = 1) =>
  new SharedSeal(sharedAs, fills.map(keyOf), seededRandom(seed));
const alice = questionOf('alice', 'cam1');
const ben = questionOf('ben', 'cam1');
const entryOf = (answer: OwnershipAnswer): SharedEntry => ({
  answer,
  source: 'test',
  revision: 'r1',
  askedAtMs: 1_000,
  expiresAtMs: 6_000,
});

function sealed(seal: SharedSeal, answer = granting(alice)) {
  const [place] = seal.namesOf(answer);
  if (place === undefined) throw new Error('a seal has a key');
  return { place, text: seal.seal(place, entryOf(answer)) ?? '' };
}

describe('a shared entry', () => {
  it.each<[string, OwnershipAnswer]>([
    ['a grant', granting(alice)],
    ['a share that ends', granting(alice, 'viewer', 7_000)],
    ['a refusal', refusing(alice)],
    ['an answer with a mark of many letters', { ...granting(alice), version: '3:ä → b  ' }],
  ])('comes back as it was: %s', (_, answer) => {
    const { place, text } = sealed(sealWith([1]), answer);
    expect(sealWith([1], 'people', 2).open(alice, place, text)).toEqual(entryOf(answer));
  });

  it('tells who has no key nothing of its people, its devices or its answer', () => {
    const seal = sealWith([1]);
    const { place, text } = sealed(seal);
    const bytes = `${place.name} ${text} ${Buffer.from(text, 'base64url').toString('latin1')}`;
    for (const word of ['alice', 'cam1', 'owner', 'people', 'test', 'r1']) expect(bytes).not.toContain(word);
    const refusal = sealed(seal, refusing(alice));
    expect(refusal.text).toHaveLength(text.length);
  });

  it('is never sealed twice in the same way', () => {
    const seal = sealWith([1]);
    expect(sealed(seal).text).not.toBe(sealed(seal).text);
  });

  it('is not sealed where it would be too long', () => {
    const seal = sealWith([1]);
    const [place] = seal.namesOf(alice);
    if (place === undefined) throw new Error('a seal has a key');
    const entry = entryOf(granting(alice));
    expect(seal.seal(place, { ...entry, revision: 'x'.repeat(limits.sharedEntryCharactersMax) })).toBeUndefined();
    expect(seal.seal(place, { ...entry, revision: 'x'.repeat(limits.sharedEntryCharactersMax / 2) })).toBeDefined();
  });

  it('has a name of its own for each question, source and key', () => {
    const names = [
      ...sealWith([1, 2]).namesOf(alice),
      ...sealWith([1]).namesOf(ben),
      ...sealWith([1]).namesOf(questionOf('alicec', 'am1')),
      ...sealWith([1], 'other').namesOf(alice),
    ].map(({ name }) => name);
    expect(new Set(names).size).toBe(5);
    expect(
      sealWith([2, 1])
        .namesOf(alice)
        .map(({ name }) => name),
    ).toEqual([names[1], names[0]]);
  });
});

describe('an entry that is not what was asked for', () => {
  it('is crossed where it was sealed for another question', () => {
    const seal = sealWith([1]);
    const [place] = seal.namesOf(ben);
    if (place === undefined) throw new Error('a seal has a key');
    expect(seal.open(ben, place, sealed(seal).text)).toBe('crossed');
  });

  it('is crossed where its name was forged onto it by somebody with the key', () => {
    const seal = sealWith([1]);
    const [place] = seal.namesOf(ben);
    if (place === undefined) throw new Error('a seal has a key');
    const text = seal.seal(place, entryOf(granting(alice))) ?? '';
    expect(seal.open(ben, place, text)).toBe('crossed');
  });

  it('is unsealed where its place was written over with the one that is asked', () => {
    const seal = sealWith([1]);
    const [place] = seal.namesOf(ben);
    const bytes = Buffer.from(sealed(seal).text, 'base64url');
    Buffer.from(place?.name ?? '', 'base64url').copy(bytes);
    expect(seal.open(ben, place ?? sealed(seal).place, bytes.toString('base64url'))).toBe('unsealed');
  });

  it('is crossed under a name that another key gives to the same question', () => {
    const [first, second] = sealWith([1, 2]).namesOf(alice);
    if (first === undefined || second === undefined) throw new Error('there are two keys');
    const seal = sealWith([1, 2]);
    const text = seal.seal(second, entryOf(granting(alice))) ?? '';
    expect(seal.open(alice, second, text)).toEqual(entryOf(granting(alice)));
    expect(seal.open(alice, first, text)).toBe('crossed');
  });

  it('is unsealed under another key, and opens under one that is still believed', () => {
    const old = sealed(sealWith([1]));
    const [, older] = sealWith([2, 1]).namesOf(alice);
    expect(older?.name).toBe(old.place.name);
    expect(sealWith([2, 1]).open(alice, old.place, old.text)).toEqual(entryOf(granting(alice)));
    expect(sealWith([2]).open(alice, old.place, old.text)).toBe('unsealed');
  });

  it('is unsealed at whichever bit it was changed', () => {
    const seal = sealWith([1]);
    const { place, text } = sealed(seal);
    const bytes = Buffer.from(text, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const other = Buffer.from(bytes);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(seal.open(alice, place, other.toString('base64url'))).toBe('unsealed');
    }
  });

  it('is unsealed wherever it was cut off or made longer', () => {
    const seal = sealWith([1]);
    const { place, text } = sealed(seal);
    for (let length = 0; length < text.length; length++) {
      expect(seal.open(alice, place, text.slice(0, length))).toBe('unsealed');
    }
    for (const more of ['A', '=', ' ', '\n', 'AAAA', text])
      expect(seal.open(alice, place, text + more)).toBe('unsealed');
  });

  it('is unsealed whatever it is', () => {
    const seal = sealWith([1]);
    const { place, text } = sealed(seal);
    const pieces = fc.array(
      fc.oneof(
        fc.string(),
        fc.nat(text.length).map((at) => text.slice(at)),
        fc.base64String(),
      ),
    );
    fc.assert(
      fc.property(pieces, (all) => {
        const other = all.join('');
        if (other !== text) expect(seal.open(alice, place, other)).toBe('unsealed');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(seal.open(alice, place, Buffer.from(bytes).toString('base64url'))).toBe('unsealed');
      }),
    );
  });
});
