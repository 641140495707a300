import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that start browsers, whole relays or several processes: they run after the others, two files at a time. */
const heavy = ['e2e/**/*.test.ts', 'interop/**/*.test.ts', 'sabotage/**/*.test.ts', 'web/live-view.test.ts'];

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.cache/vitest',
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A claim that is polled for is one that comes true when it does: the test's own time bounds it.
    expect: { poll: { timeout: 25_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...heavy],
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: heavy,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
