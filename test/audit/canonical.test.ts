import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, digest, type Json, readCanonical } from '../../src/audit/canonical.ts';
import { readSeqs, seqsText } from '../../src/audit/seqs.ts';

const json = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as Json);

describe('the canonical text', () => {
  it('says the value, and the same for every order of its members', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonical(value))).toEqual(value);
      }),
    );
    expect(canonical({ b: 1, a: { d: [1, null], c: undefined } })).toBe('{"a":{"d":[1,null]},"b":1}');
  });

  it('is the only one that is read', () => {
    expect(readCanonical('{"a":1,"b":2}')).toEqual({ a: 1, b: 2 });
    for (const text of ['{"b":2,"a":1}', '{"a": 1}', '{"a":1,"a":1}', '[]', '1', 'null', '{', '']) {
      expect(readCanonical(text)).toBeUndefined();
    }
  });

  it('is none that says a number beyond all numbers, or is deeper than anybody writes', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    for (const text of ['{"a":1e999}', deep]) expect(readCanonical(text)).toBeUndefined();
  });

  it('has no number that is none', () => {
    expect(() => canonical({ a: Number.NaN })).toThrow(TypeError);
  });
});

describe('a digest', () => {
  it('tells lists of parts apart that are the same when they are joined', () => {
    const parts = fc.array(fc.string(), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(digest('p', a)).not.toEqual(digest('p', b));
      }),
    );
    expect(digest('p', ['ab', 'c'])).not.toEqual(digest('p', ['a', 'bc']));
    expect(digest('p', ['a'])).not.toEqual(digest('q', ['a']));
  });
});

describe('numbers of records', () => {
  it('are read as they are written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1 }), (numbers) => {
        const seqs = numbers.sort((a, b) => a - b);
        const read = readSeqs(seqsText(seqs)) ?? [];
        expect(read.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at))).toEqual(
          seqs,
        );
      }),
    );
    expect(seqsText([3, 7, 8, 9])).toBe('3,7-9');
  });

  it.each(['', ',', '1,', '-', 'x', '1-'])('are none: “%s”', (text) => {
    expect(readSeqs(text)).toBeUndefined();
  });
});
