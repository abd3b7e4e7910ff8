import fc from 'fast-check'
import type { Arbitrary, AsyncCommand } from 'fast-check'
import { WAYS } from '../../attacks/support/dial.ts'
import type { Damage } from './contents.ts'
import { AskAll, Connect, ConnectAll, Reload, Remove, Restore, Write, WriteDamaged } from './commands.ts'
import type { Scope } from './commands.ts'
import { CLIENTS, PARTS, SOURCES } from './model.ts'
import type { File, Part, Source } from './model.ts'
import type { DiskState, Writing } from './state.ts'

const part = fc.constantFrom(...Object.keys(PARTS) as Part[])
const file = fc.constantFrom(...Object.values(PARTS).flat() as File[])
const source = fc.constantFrom<Source[]>(
  'credentials', 'credentials', 'credentials', ...Object.keys(SOURCES) as Source[]
)
const writing = fc.constantFrom<Writing[]>('in place', 'rename')
const scope = fc.constantFrom<Scope[]>('all', 'all', 'all', 0, 1)
const damage = fc.constantFrom<Array<Damage | 'missing'>>(
  'cut', 'cut', 'missing', 'garbage', 'empty', 'of another file'
)
const choice = fc.nat({ max: 255 })
const way = fc.constantFrom(...WAYS)

const write = fc.tuple(part, choice, scope, writing).map((drawn) => new Write(...drawn))
const writeDamaged = fc.tuple(file, choice, damage, fc.double({ min: 0, max: 0.99, noNaN: true }), writing)
  .map((drawn) => new WriteDamaged(...drawn))
const remove = file.map((drawn) => new Remove(drawn))
const restore = fc.tuple(part, writing).map((drawn) => new Restore(...drawn))
const reload = source.map((drawn) => new Reload(drawn))
const connect = fc.tuple(fc.constantFrom(...CLIENTS), way).map((drawn) => new Connect(...drawn))
const connectAll = way.map((drawn) => new ConnectAll(drawn))
const askAll = fc.constant(undefined).map(() => new AskAll())

/** A sequence of commands. Each is drawn as often as it stands here. */
export function drawCommands (
  longest: number, replayPath?: string
): Arbitrary<Iterable<AsyncCommand<DiskState, DiskState>>> {
  return fc.commands<DiskState, DiskState, false>(
    [
      write, write, write, writeDamaged, writeDamaged, remove, restore, reload, reload, reload, reload,
      connect, connect, connectAll, askAll
    ],
    { maxCommands: longest, size: 'max', ...(replayPath !== undefined && { replayPath }) }
  )
}
