// What `npm run mutants` breaks, and with what it checks whether a test notices. Seen from the root of the repository.
//
// Mutants of one file live side by side in it, switched on one at a time, so the sources are transpiled once (a tenth of a
// second), and mocha runs only the tests that reach a mutant, in one process.
export default {
  mutate: [
    'engine/**/*.ts',
    'data/**/*.ts',
    'training/**/*.ts',
    '!engine/backends/**', // kernels: compared with the reference on random graphs (test/backends)
    '!**/*.d.ts',
    '!**/index.ts',
  ],
  mutator: { excludedMutations: ['StringLiteral'] },
  testRunner: 'mocha',
  mochaOptions: {
    config: 'test/mutants/mocharc.json',
  },
  buildCommand: 'node scripts/build.js',
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 15000,
  incremental: true,
  incrementalFile: 'test/mutants/results.json',
  tempDirName: '.stryker',
  ignorePatterns: [
    '/dist',
    '/bench',
    '/docs',
    '/storage/*.safetensors',
    '/test/mutants/node_modules',
    '/dist.*',
    '*.tgz',
  ],
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false },
  disableTypeChecks: false,
  ignoreStatic: true,
}
