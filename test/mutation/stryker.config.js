// Settings of Stryker, for one package: its folder is the working directory. See run.ts.
import { join } from 'node:path'

export default {
  plugins: [join(import.meta.dirname, 'runner.ts')],
  testRunner: 'warm',
  testRunnerNodeArgs: ['--conditions=@peerkit/source'],
  // For each mutant only the tests run that reach it.
  coverageAnalysis: 'perTest',
  mutate: ['src/**/*.ts'],
  // A text of an error or a log line with another text is no fault worth a test.
  mutator: { excludedMutations: ['StringLiteral'] },
  // Node strips the types and does not check them.
  disableTypeChecks: false,
  concurrency: 2,
  maxTestRunnerReuse: 1000,
  timeoutMS: 60_000,
  // Percent of the faults. With less than `break` the run fails.
  thresholds: { high: 95, low: 85, break: 85 },
  incremental: true,
  incrementalFile: '.mutation.json',
  // As deep as packages/NAME, because tests import from the folder test of the repository.
  tempDirName: '../../.mutation',
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  allowEmpty: false
}
