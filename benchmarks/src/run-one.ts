// Runs one benchmark in a process of its own: `run-one.ts NAME SETTING-AS-JSON`. Sections go to the parent by IPC; a module without `run` has printed what it has to say.
import type { Run, Setting } from './benchmark.ts'
import { LOAD_CORE, pinSelf } from './processor.ts'
import { fileOf } from './registry.ts'

// Taken out: a benchmark that is run for what it prints reads arguments of its own.
const [name = '', setting = '{}'] = process.argv.splice(2)
pinSelf(LOAD_CORE)
const { run } = await import(fileOf(name)) as { run?: Run }
if (run !== undefined) process.send?.(await run(JSON.parse(setting) as Setting))
process.disconnect?.()
