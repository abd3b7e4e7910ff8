// Runs one benchmark in a separate process: `run-one.ts NAME SETTING-AS-JSON`. Sections are sent to the parent by IPC.
// A module without `run` prints its result.
import type { Run, Setting } from './benchmark.ts'
import { LOAD_CORE, pinSelf } from './processor.ts'
import { fileOf } from './registry.ts'

// Removed, because a benchmark that prints its result reads arguments of its own.
const [name = '', setting = '{}'] = process.argv.splice(2)
pinSelf(LOAD_CORE)
const { run } = await import(fileOf(name)) as { run?: Run }
if (run !== undefined) process.send?.(await run(JSON.parse(setting) as Setting))
process.disconnect?.()
