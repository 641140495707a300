import { defineConfig } from 'vitest/config';

/** The fast tests of the rooms that are mutated: what `npm run mutation` runs against each mutant. */
export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.cache/vitest-mutation',
  test: {
    include: [
      '{base,identity,ownership,pairing}/**/*.test.ts',
      'relay/{engine,wire}/**/*.test.ts',
      'contracts/ownership*.test.ts',
      'attacks/**/*.test.ts',
    ],
    testTimeout: 10_000,
  },
});
