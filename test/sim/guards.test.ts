import { availableParallelism } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { guards } from './guards.ts';
import { tryGuards, type Verdict } from './threads.ts';
import { textWithout } from './without.ts';

describe.each(guards.map((guard, number) => ({ ...guard, number })))(
  '$name',
  ({ number, removed, broken = [], seed, sees }) => {
    it('is in the code once, as the list has it', () => {
      for (const { file } of [...broken, ...removed])
        expect(() => textWithout(file, [...broken, ...removed])).not.toThrow();
    });

    it(`is missed by seed ${seed}`, () => {
      expect(verdicts[number]?.found?.seed).toBe(seed);
      expect(verdicts[number]?.found?.violation).toMatch(sees);
    });

    it('is enough: with it nothing goes wrong there', () => {
      expect(verdicts[number]?.sound).toBeUndefined();
    });
  },
);

let verdicts: Verdict[];

beforeAll(async () => {
  verdicts = await tryGuards(Math.min(2, availableParallelism()));
}, 600_000);

describe('a text that is taken out', () => {
  const file = 'src/relay/door.ts';

  it('has to be there', () => {
    expect(() => textWithout(file, [{ file, text: 'what nobody wrote', by: '' }])).toThrow(/does not have this once/);
  });

  it('has to be there once', () => {
    expect(() => textWithout(file, [{ file, text: 'import', by: '' }])).toThrow(/does not have this once/);
  });
});
