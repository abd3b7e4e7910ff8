// The parts that the interop tests start too.
export { startAgent } from './spire/agent.ts'
export type { AgentOptions, SpireAgent } from './spire/agent.ts'
export { freePort } from './spire/free-port.ts'
export { startProgram } from './spire/program.ts'
export type { Program } from './spire/program.ts'
export { hostOf, startServer } from './spire/server.ts'
export type { EntryOptions, ServerOptions, SpireServer } from './spire/server.ts'
