// The process that runs the examples of one package, started by example-runs.ts. Its arguments are the modules.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFixtures, writeFiles } from './example-fixtures.ts'

/** What this process sends. `index` is that of the example. */
export type ExampleMessage =
  | { readonly type: 'started', readonly index: number }
  | { readonly type: 'ended', readonly index: number, readonly error?: string }
  | { readonly type: 'finished' }
  | { readonly type: 'open', readonly resources: readonly string[], readonly since: readonly number[] }

/** Guards against a hang alone: a busy machine takes many times what an idle one does. */
const HANG = 60_000

const home = process.cwd()
/** The examples that left more resources open than there were before. */
const leaving: number[] = []

for (const [index, module] of process.argv.slice(2).entries()) {
  send({ type: 'started', index })
  const before = process.getActiveResourcesInfo().length
  const error = await run(module).then(() => undefined, (thrown: unknown) => thrown)
  if (process.getActiveResourcesInfo().length > before) leaving.push(index)
  send({ type: 'ended', index, ...(error !== undefined && { error: describe(error) }) })
}
send({ type: 'finished' })
// Fires only if something else keeps the process from ending.
setTimeout(() => {
  process.send?.({ type: 'open', resources: process.getActiveResourcesInfo(), since: leaving }, () => process.exit())
}, HANG / 2).unref()

async function run (module: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-example-'))
  const fixtures = await makeFixtures()
  try {
    await writeFiles(folder, fixtures)
    const { default: example } = await import(module)
    process.chdir(folder)
    await withinLimit(example(fixtures))
  } finally {
    process.chdir(home)
    await fixtures.credentials.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function withinLimit (running: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error(`still running after ${HANG / 1_000} s`)) }, HANG)
  try {
    await Promise.race([running, promise])
  } finally {
    clearTimeout(timer)
  }
}

function describe (error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : `threw ${String(error)}`
}

function send (message: ExampleMessage): void {
  process.send?.(message)
}
