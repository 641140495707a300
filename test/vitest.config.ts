import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that start browsers, whole relays or several processes: they run after the others, one file at a time. */
const heavy = ['e2e/**/*.test.ts', 'interop/**/*.test.ts', 'sabotage/**/*.test.ts', 'web/live-view.test.ts'];

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.cache/vitest',
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...heavy],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: heavy,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
