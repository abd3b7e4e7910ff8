// Runs tests for Stryker in one process that stays. A test file is one bundle, which is run again from its start for each
// fault: so no test sees what an earlier fault left, and faults in code that runs at loading count too.
import { globSync } from 'node:fs'
import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin'
import {
  DryRunStatus, MutantRunStatus, TestStatus, determineHitLimitReached
} from '@stryker-mutator/api/test-runner'
import type {
  DryRunResult, KilledMutantRunResult, MutantRunOptions, MutantRunResult, TestResult, TestRunner, TestRunnerCapabilities
} from '@stryker-mutator/api/test-runner'
import { Test, t } from 'tap'
import { bundleTests } from './bundle.ts'
import type { Bundle } from './bundle.ts'
import { isDrawn } from './drawn.ts'
import { KillOrder, testId } from './kill-order.ts'
import { loadTests, runTest } from './recorded-tests.ts'
import type { RecordedTest } from './recorded-tests.ts'

type Coverage = Record<string, number>

/** What the planted code reads and writes. */
interface Planted {
  activeMutant?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  currentTestId?: string | undefined
  mutantCoverage?: { static: Coverage, perTest: Record<string, Coverage> }
}

const planted: Planted = {}
Object.assign(globalThis, { __stryker__: planted })

// The one of the whole process has no tests, and would end it after half a minute.
t.setTimeout(0)

/** What no test awaited. A fault may cause it, so it must not end the process. */
const stray: unknown[] = []
process.on('uncaughtException', (error) => stray.push(error))
process.on('unhandledRejection', (error) => stray.push(error))

/** CPU time of a slow test, in milliseconds: one of scale. run.ts sets it; otherwise no test is too slow. */
const SLOW = Number(process.env['PEERKIT_MUTATION_SLOW'] ?? Infinity)

/** A slow test then tries only faults that no quick one reaches. So the score is too low, if anything. */
function leaveOutSlow (perTest: Record<string, Coverage>, slow: readonly string[]): void {
  const reached = new Set(Object.entries(perTest).filter(([id]) => !slow.includes(id)).flatMap(([, faults]) => Object.keys(faults)))
  for (const id of slow) {
    perTest[id] = Object.fromEntries(Object.entries(perTest[id]!).filter(([fault]) => !reached.has(fault)))
  }
}

class WarmRunner implements TestRunner {
  readonly #order = new KillOrder()
  #bundles: ReadonlyMap<string, Bundle> = new Map()

  capabilities (): TestRunnerCapabilities { return { reloadEnvironment: true } }

  async init (): Promise<void> {
    this.#bundles = await bundleTests(globSync('test/**/*.test.ts').sort())
  }

  /** Each test runs by itself, after a start of its file: what it needs of others would make it fail here. */
  async dryRun (): Promise<DryRunResult> {
    const tests: TestResult[] = []
    const perTest: Record<string, Coverage> = {}
    const slow: string[] = []
    for (const file of this.#bundles.keys()) {
      const names = (await this.#load(file)).map(({ name }) => name)
      for (const name of names) {
        const coverage = { static: {}, perTest: {} as Record<string, Coverage> }
        planted.mutantCoverage = coverage
        const id = testId(file, name)
        const test = (await this.#load(file)).find((test) => test.name === name)!
        planted.currentTestId = id
        const start = process.cpuUsage()
        const failure = await this.#run(test)
        planted.currentTestId = undefined
        const { user, system } = process.cpuUsage(start)
        const result = { id, name: id, fileName: file, timeSpentMs: (user + system) / 1000 }
        if (result.timeSpentMs > SLOW) slow.push(id)
        tests.push(failure === undefined
          ? { ...result, status: TestStatus.Success }
          : { ...result, status: TestStatus.Failed, failureMessage: failure })
        // What runs while the file starts, runs for each of its tests.
        perTest[id] = { ...coverage.static, ...coverage.perTest[id] }
      }
    }
    leaveOutSlow(perTest, slow)
    return { status: DryRunStatus.Complete, tests, mutantCoverage: { static: {}, perTest } }
  }

  async mutantRun ({ activeMutant, testFilter = [], hitLimit }: MutantRunOptions): Promise<MutantRunResult> {
    // Stryker has no better answer: a fault with an error is none, and does not count.
    if (!isDrawn(activeMutant)) return { status: MutantRunStatus.Error, errorMessage: 'not drawn' }
    planted.activeMutant = activeMutant.id
    planted.hitCount = hitLimit === undefined ? undefined : 0
    planted.hitLimit = hitLimit
    let nrOfTests = 0
    for (const [file, names] of this.#order.sort(activeMutant.fileName, testFilter)) {
      const start = performance.now()
      const failed = await this.#firstFailure(file, names)
      nrOfTests += names.size
      this.#order.note(activeMutant.fileName, file, performance.now() - start, failed !== undefined)
      const limit = determineHitLimitReached(planted.hitCount, hitLimit)
      if (limit !== undefined) return { status: MutantRunStatus.Timeout, reason: limit.reason ?? '' }
      if (failed !== undefined) return { status: MutantRunStatus.Killed, ...failed, nrOfTests }
    }
    return { status: MutantRunStatus.Survived, nrOfTests }
  }

  async #load (file: string): Promise<readonly RecordedTest[]> {
    return await loadTests(this.#bundles.get(file)!)
  }

  async #run (test: RecordedTest): Promise<string | undefined> {
    stray.length = 0
    const failure = await runTest(Test, test)
    // Node reports a rejection that nobody handles after the promises of this turn.
    await new Promise((resolve) => setImmediate(resolve))
    return failure ?? (stray.length === 0 ? undefined : `nobody awaited: ${String(stray[0])}`)
  }

  async #firstFailure (file: string, names: ReadonlySet<string>): Promise<Pick<KilledMutantRunResult, 'killedBy' | 'failureMessage'> | undefined> {
    let tests: readonly RecordedTest[]
    try {
      tests = await this.#load(file)
    } catch (error) {
      return { killedBy: [...names].map((name) => testId(file, name)), failureMessage: `at loading: ${String(error)}` }
    }
    for (const test of tests.filter(({ name }) => names.has(name))) {
      const failureMessage = await this.#run(test)
      if (failureMessage !== undefined) return { killedBy: [testId(file, test.name)], failureMessage }
    }
    return undefined
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'warm', WarmRunner)]
