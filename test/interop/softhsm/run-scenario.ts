// node run-scenario.ts NAME FOLDER MODULE: prints the result of a scenario as one line of JSON.
import { makeWorld } from './scenario-world.ts'
import { SCENARIOS } from './scenarios.ts'

const [name = '', folder = '', module = ''] = process.argv.slice(2)
const scenario = SCENARIOS[name]
if (scenario === undefined) throw new Error(`there is no scenario ${name}`)
// Sources keep no process alive.
const alive = setInterval(() => {}, 1_000)
const world = await makeWorld(folder, module)
const result = await scenario(world)
clearInterval(alive)
const shown = JSON.stringify([process.env, process.title, process.argv, process.execArgv, process.report.getReport()])
console.log(JSON.stringify({ ...result, isPinShown: shown.includes(world.pin) }))
