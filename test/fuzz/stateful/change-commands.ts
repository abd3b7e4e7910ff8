// What happens to servers and CAs. Each change is confirmed by its server before the next command runs.
import type { Step } from './connection-commands.ts'
import type { Root } from './facts.ts'
import type { State } from './state.ts'

/** Servers, by number: a change may reach one of them alone. */
export type Servers = readonly number[]

const listServers = (servers: Servers): string => servers.length > 1 ? 'all servers' : `server ${servers.join()}`

abstract class Change implements Step {
  protected readonly servers: Servers

  constructor (servers: Servers) { this.servers = servers }

  check (_state: State): boolean { return true }

  async run (state: State): Promise<void> {
    state.count(this.constructor.name)
    for (const server of this.servers) await this.change(state, server)
  }

  protected abstract change (state: State, server: number): Promise<void>
  abstract toString (): string
}

export class RotateOwn extends Change {
  protected async change (state: State, server: number): Promise<void> { await state.rotateOwn(server) }
  toString (): string { return `${listServers(this.servers)}: another certificate of its own` }
}

/** A CA revokes a certificate, and servers get the list. */
export class Revoke extends Change {
  readonly #name: string

  constructor (servers: Servers, name: string) {
    super(servers)
    this.#name = name
  }

  override check ({ revoked }: State): boolean { return !revoked.has(this.#name) }

  override async run (state: State): Promise<void> {
    state.revoked.add(this.#name)
    await super.run(state)
  }

  protected async change (state: State, server: number): Promise<void> { await state.changeTrust(server, {}) }
  toString (): string { return `${this.#name} is revoked; ${listServers(this.servers)}: new lists` }
}

/** A root is removed, or added again. */
export class Toggle extends Change {
  readonly #root: Root

  constructor (servers: Servers, root: Root) {
    super(servers)
    this.#root = root
  }

  protected async change (state: State, server: number): Promise<void> {
    const roots = new Set(state.trust[server]!.roots)
    if (!roots.delete(this.#root)) roots.add(this.#root)
    await state.changeTrust(server, { roots })
  }

  toString (): string { return `${listServers(this.servers)}: root ${this.#root} is removed, or added again` }
}

/** Servers get the certificates by which B vouches for CAs of A. */
export class CrossSign extends Change {
  override check ({ trust }: State): boolean { return this.servers.some((server) => !trust[server]!.crossSigned) }
  protected async change (state: State, server: number): Promise<void> {
    await state.changeTrust(server, { crossSigned: true })
  }

  toString (): string { return `${listServers(this.servers)}: cross-signs are configured` }
}

/** An entry comes on the block list, or off it. */
export class Block extends Change {
  readonly #entry: string

  constructor (servers: Servers, entry: string) {
    super(servers)
    this.#entry = entry
  }

  protected async change (state: State, server: number): Promise<void> {
    const blocked = new Set(state.trust[server]!.blocked)
    if (!blocked.delete(this.#entry)) blocked.add(this.#entry)
    await state.changeBlocks(server, blocked)
  }

  toString (): string { return `${listServers(this.servers)}: ${this.#entry} is blocked, or no more` }
}

/** A list is in force for a day, and no server shall run out of lists. */
const LONGEST = 12

export class MoveClock extends Change {
  readonly #hours: number

  constructor (servers: Servers, hours: number) {
    super(servers)
    this.#hours = hours
  }

  override check ({ trust }: State): boolean { return trust.every(({ time }) => time + this.#hours <= LONGEST) }

  protected async change (state: State, server: number): Promise<void> { await state.moveClock(server, this.#hours) }
  toString (): string { return `${listServers(this.servers)}: ${this.#hours} hours pass` }
}

export class Restart extends Change {
  // A rule names authority a, and a rule that nobody can satisfy keeps a server from starting.
  override check ({ trust }: State): boolean { return this.servers.every((server) => trust[server]!.roots.has('A')) }
  protected async change (state: State, server: number): Promise<void> {
    await state.stop(server)
    await state.start(server)
  }

  toString (): string { return `${listServers(this.servers)}: restart` }
}
