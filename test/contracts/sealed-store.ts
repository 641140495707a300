import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What is asked of a store, at once or after a while. */
export interface StoreUnderTest {
  get(name: string): string | undefined | Promise<string | undefined>;
  set(name: string, sealed: string): void | Promise<void>;
  end(): void | Promise<void>;
}

/** What every store of sealed entries does, wherever it keeps them. Nobody trusts it, but a good one gives back what it got. */
export function sealedStoreContract(name: string, open: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  describe(`the store ${name}`, () => {
    let store: StoreUnderTest;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.end());

    it('has nothing under a name that was never written', async () => {
      expect(await store.get('a')).toBeUndefined();
    });

    it('gives back what was written under a name, and nothing else', async () => {
      await store.set('a', 'entry-of-a');
      await store.set('ab', 'entry-of-ab');
      expect([await store.get('a'), await store.get('ab'), await store.get('b')]).toEqual([
        'entry-of-a',
        'entry-of-ab',
        undefined,
      ]);
    });

    it('keeps the last of what was written under a name', async () => {
      await store.set('a', 'first');
      await store.set('a', 'second');
      expect(await store.get('a')).toBe('second');
    });

    it('takes an entry of any length that there may be, and an empty one', async () => {
      const long = 'x'.repeat(4_096);
      await store.set('a', long);
      await store.set('b', '');
      expect([await store.get('a'), await store.get('b')]).toEqual([long, '']);
    });

    it('gives each of many questions at once its own entry', async () => {
      const names = Array.from({ length: 200 }, (_, n) => `name${n}`);
      await Promise.all(names.map((each) => store.set(each, `entry of ${each}`)));
      const found = await Promise.all(names.map((each) => store.get(each)));
      expect(found).toEqual(names.map((each) => `entry of ${each}`));
    });
  });
}
