// The parts that the interop tests start too.
export { startDns } from './pebble/dns.ts'
export type { TestDns } from './pebble/dns.ts'
export { startPebble } from './pebble/pebble.ts'
export type { Pebble, PebbleOptions } from './pebble/pebble.ts'
export { freePort } from './pebble/program.ts'
