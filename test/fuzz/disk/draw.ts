import fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { WAYS } from '../../attacks/support/dial.ts'
import type { Damage } from './contents.ts'
import { AskAll, Connect, ConnectAll, Reload, Remove, Restore, Write, WriteDamaged } from './commands.ts'
import type { Scope, Step } from './commands.ts'
import { CLIENTS, PARTS, SOURCES } from './model.ts'
import type { File, Part, Source } from './model.ts'
import type { DiskState, Writing } from './state.ts'

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

const reload = source.map((drawn) => new Reload(drawn))
const connect = fc.tuple(fc.constantFrom(...CLIENTS), way).map((drawn) => new Connect(...drawn))
const connectAll = way.map((drawn) => new ConnectAll(drawn))
const askAll = fc.constant(undefined).map(() => new AskAll())

/** Changes of the files of some parts. */
function drawChanges (parts: readonly Part[]): ReadonlyArray<Arbitrary<Step>> {
  const part = fc.constantFrom(...parts)
  const file = fc.constantFrom(...parts.flatMap((each): readonly File[] => PARTS[each]))
  const write = fc.tuple(part, choice, scope, writing).map((drawn) => new Write(...drawn))
  const writeDamaged = fc.tuple(file, choice, damage, fc.double({ min: 0, max: 0.99, noNaN: true }), writing)
    .map((drawn) => new WriteDamaged(...drawn))
  const remove = file.map((drawn) => new Remove(drawn))
  const restore = fc.tuple(part, writing).map((drawn) => new Restore(...drawn))
  return [write, write, write, writeDamaged, writeDamaged, remove, restore]
}

const CLIENTS_ACT = [connect, connect, connectAll, askAll]

function drawSequence (
  longest: number, replayPath: string | undefined, commands: ReadonlyArray<Arbitrary<Step>>
): Arbitrary<Iterable<Step>> {
  return fc.commands<DiskState, DiskState, false>([...commands], {
    maxCommands: longest, size: 'max', ...(replayPath !== undefined && { replayPath })
  })
}

/** A sequence for a server that reads its files when it is told to. A command is drawn as often as it stands here. */
export function drawCommands (longest: number, replayPath?: string): Arbitrary<Iterable<Step>> {
  return drawSequence(longest, replayPath, [
    ...drawChanges(Object.keys(PARTS) as Part[]), reload, reload, reload, reload, ...CLIENTS_ACT
  ])
}

/**
 * A sequence for a server that follows its files. The authorities stay as they are: one whose CA goes waits for the
 * files of the other, and the model knows nothing of such waits.
 */
export function drawWatched (longest: number, replayPath?: string): Arbitrary<Iterable<Step>> {
  return drawSequence(longest, replayPath, [...drawChanges(['own', 'block', 'rules']), ...CLIENTS_ACT])
}
