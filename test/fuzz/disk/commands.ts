// What happens to files, and what clients do. Each command throws where the server does other than the model says.
import type { AsyncCommand } from 'fast-check'
import { nameOfWay } from '../../attacks/support/dial.ts'
import type { Way } from '../../attacks/support/dial.ts'
import type { Content, Damage } from './contents.ts'
import { CLIENTS, PARTS } from './model.ts'
import type { File, Part, Source } from './model.ts'
import type { DiskState, Open, Writing } from './state.ts'

export type Step = AsyncCommand<DiskState, DiskState>

/** Which files of a part are written: all, or one of them, so that the others do not fit. */
export type Scope = 'all' | 0 | 1

abstract class Counted implements Step {
  check (_state: DiskState): boolean { return true }

  async run (state: DiskState): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    await this.act(state)
  }

  protected abstract act (state: DiskState): Promise<void>
  abstract toString (): string
}

/** New contents. */
export class Write extends Counted {
  readonly #part: Part
  readonly #choice: number
  readonly #scope: Scope
  readonly #writing: Writing

  constructor (part: Part, choice: number, scope: Scope, writing: Writing) {
    super()
    this.#part = part
    this.#choice = choice
    this.#scope = scope
    this.#writing = writing
  }

  protected async act (state: DiskState): Promise<void> {
    const all = [...state.contents.make(this.#part, this.#choice)]
    const written = all.filter((_, index) => this.#scope === 'all' || this.#scope === index || all.length === 1)
    await state.change(this.#part, async () => {
      for (const [file, content] of written) await state.write(file, content, this.#writing)
    })
  }

  toString (): string {
    const what = this.#scope === 'all' ? 'all files' : PARTS[this.#part][this.#scope] ?? this.#part
    return `new ${what} of ${this.#part} (${this.#choice}), by ${this.#writing}`
  }
}

/** New contents of which one file is damaged. */
export class WriteDamaged extends Counted {
  readonly #file: File
  readonly #choice: number
  /** `missing`: the writer removed it, and did not come to the new one. */
  readonly #damage: Damage | 'missing'
  readonly #share: number
  readonly #writing: Writing

  constructor (file: File, choice: number, damage: Damage | 'missing', share: number, writing: Writing) {
    super()
    this.#file = file
    this.#choice = choice
    this.#damage = damage
    this.#share = share
    this.#writing = writing
  }

  protected async act (state: DiskState): Promise<void> {
    const part = partOf(this.#file)
    await state.change(part, async () => { await this.#write(state, state.contents.make(part, this.#choice)) })
  }

  async #write (state: DiskState, all: ReadonlyMap<File, Content>): Promise<void> {
    for (const [file, content] of all) {
      if (file !== this.#file) await state.write(file, content, this.#writing)
      else if (this.#damage === 'missing') await state.remove(file)
      else {
        const damaged = state.contents.damage(file, content, this.#damage, this.#share, state.disk)
        await state.write(file, damaged, this.#writing)
      }
    }
  }

  toString (): string {
    return `new files of ${partOf(this.#file)} (${this.#choice}), by ${this.#writing}; ${this.#file} is ` +
      `${this.#damage} (${this.#share.toFixed(2)})`
  }
}

export class Remove extends Counted {
  readonly #file: File

  constructor (file: File) {
    super()
    this.#file = file
  }

  override check ({ disk }: DiskState): boolean { return disk[this.#file] !== undefined }
  protected async act (state: DiskState): Promise<void> {
    await state.change(partOf(this.#file), async () => { await state.remove(this.#file) })
  }

  toString (): string { return `${this.#file} is removed` }
}

/** The files in force come back, as from a backup; or one of them. */
export class Restore extends Counted {
  readonly #part: Part
  readonly #writing: Writing

  constructor (part: Part, writing: Writing) {
    super()
    this.#part = part
    this.#writing = writing
  }

  override check ({ disk, inForce }: DiskState): boolean {
    return PARTS[this.#part].some((file) => disk[file] !== inForce[file])
  }

  protected async act (state: DiskState): Promise<void> {
    await state.change(this.#part, async () => {
      for (const file of PARTS[this.#part]) {
        const meaning = state.inForce[file]!
        await state.write(file, { text: state.contents.textOf(meaning), meaning }, this.#writing)
      }
    })
  }

  toString (): string { return `the files of ${this.#part} in force are restored, by ${this.#writing}` }
}

export class Reload extends Counted {
  readonly #source: Source

  constructor (source: Source) {
    super()
    this.#source = source
  }

  protected async act (state: DiskState): Promise<void> { await state.reload(this.#source) }
  toString (): string { return `${this.#source} are read again` }
}

/** A client connects and asks. */
export class Connect extends Counted {
  readonly #client: string
  readonly #way: Way

  constructor (client: string, way: Way) {
    super()
    this.#client = client
    this.#way = way
  }

  protected async act (state: DiskState): Promise<void> {
    const connection = await state.dial(this.#client, this.#way)
    const client = this.#client
    state.checkServer(connection)
    const answer = await connection.ask()
    state.check(client, answer)
    if (answer.status === 200 || answer.status === 403) state.open.push({ client, connection, wasRefused: false })
    else await connection.close()
  }

  toString (): string { return `${this.#client} connects by ${nameOfWay(this.#way)}` }
}

/** Every client connects, so that nothing of a refused file can be in force unseen. */
export class ConnectAll extends Counted {
  readonly #way: Way

  constructor (way: Way) {
    super()
    this.#way = way
  }

  protected async act (state: DiskState): Promise<void> {
    for (const client of CLIENTS) {
      const connection = await state.dial(client, this.#way)
      state.checkServer(connection)
      state.check(client, await connection.ask())
      await connection.close()
    }
  }

  toString (): string { return `all clients connect by ${nameOfWay(this.#way)}` }
}

/** Every open connection asks. */
export class AskAll extends Counted {
  override check ({ open }: DiskState): boolean { return open.length > 0 }

  protected async act (state: DiskState): Promise<void> {
    const gone: Open[] = []
    for (const each of state.open) {
      const answer = await each.connection.ask()
      state.check(each.client, answer, each.wasRefused)
      if (answer.status !== 200 && answer.status !== 403) {
        gone.push(each)
        await each.connection.close()
      }
    }
    state.open = state.open.filter((each) => !gone.includes(each))
  }

  toString (): string { return 'all open connections ask' }
}

function partOf (file: File): Part {
  const [part] = Object.entries(PARTS).find(([, files]) => (files as readonly File[]).includes(file))!
  return part as Part
}
