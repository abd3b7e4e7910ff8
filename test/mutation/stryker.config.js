// Settings of Stryker, for one package: its folder is the working directory. See run.ts.
export default {
  plugins: ['@stryker-mutator/tap-runner'],
  testRunner: 'tap',
  tap: { testFiles: ['test/**/*.test.ts'], nodeArgs: ['--conditions=@peerkit/source'] },
  // For each mutant only the test files run that reach it.
  coverageAnalysis: 'perTest',
  mutate: ['src/**/*.ts'],
  // A text of an error or a log line with another text is no fault worth a test.
  mutator: { excludedMutations: ['StringLiteral'] },
  // Node strips the types and does not check them.
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 30_000,
  incremental: true,
  incrementalFile: '.mutation.json',
  // As deep as packages/NAME, because tests import from the folder test of the repository.
  tempDirName: '../../.mutation',
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  allowEmpty: false
}
