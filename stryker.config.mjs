/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation.config.ts', related: false },
  mutate: [
    'src/identity/**/*.ts',
    'src/ownership/**/*.ts',
    'src/pairing/**/*.ts',
    'src/relay/engine/**/*.ts',
    'src/relay/wire/**/*.ts',
  ],
  ignorePatterns: ['/data', '/reports', '/config/demo', '/bench'],
  // Stryker would rewrite the paths in tsconfig.json with an interface that TypeScript 7 does not have; none needs it.
  tsconfigFile: 'none',
  coverageAnalysis: 'perTest',
  // What runs once, as a module loads, is the same for every test: a mutant there would need a process of its own.
  ignoreStatic: true,
  incremental: false,
  concurrency: 2,
  timeoutMS: 10_000,
  reporters: ['clear-text', 'progress', 'html', 'json'],
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  jsonReporter: { fileName: 'reports/mutation/report.json' },
  tempDirName: '.stryker-tmp',
};
