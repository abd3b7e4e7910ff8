// What happens to servers and CAs. Each change is confirmed by its server before the next command runs.
import { pick } from './connection-commands.ts'
import type { Step } from './connection-commands.ts'
import { FACTS } from './facts.ts'
import type { Root } from './facts.ts'
import type { OwnKind } from './own.ts'
import type { State } from './state.ts'

/** Servers, by number: a change may reach one of them alone. */
export type Servers = readonly number[]

const listServers = (servers: Servers): string => servers.length > 1 ? 'all servers' : `server ${servers.join()}`

abstract class Change implements Step {
  protected readonly servers: Servers

  constructor (servers: Servers) { this.servers = servers }

  check (_state: State): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    for (const server of this.servers) await this.change(state, server)
  }

  protected abstract change (state: State, server: number): Promise<void>
  abstract toString (): string
}

export class RotateOwn extends Change {
  readonly #kind: OwnKind

  constructor (servers: Servers, kind: OwnKind) {
    super(servers)
    this.#kind = kind
  }

  protected async change (state: State, server: number): Promise<void> { await state.rotateOwn(server, this.#kind) }
  toString (): string { return `${listServers(this.servers)}: another certificate of its own (${this.#kind})` }
}

/**
 * What a change is about: a certificate by its name, or by its place in the path of an open connection. Most
 * certificates concern no client of a short run.
 */
export type Target = string | { readonly connection: number, readonly place: number }

/** Which certificate a target is; undefined where there is no such connection, or its path is shorter. */
function resolve (target: Target, state: State): string | undefined {
  if (typeof target === 'string') return target
  if (state.open.length === 0) return undefined
  const { path = [] } = state.listAccepted(pick(state.open, target.connection))[0] ?? {}
  return path[target.place]
}

/** A CA revokes a certificate, and servers get the list. */
export class Revoke extends Change {
  readonly #target: Target
  #name = ''

  constructor (servers: Servers, target: Target) {
    super(servers)
    this.#target = target
  }

  override check (state: State): boolean {
    const name = resolve(this.#target, state)
    // A root is on no list, and two CAs publish none.
    return name !== undefined && LISTING.has(FACTS[name]!.signer) && FACTS[name]!.subject !== FACTS[name]!.issuer &&
      !state.revoked.has(name)
  }

  override async run (state: State): Promise<void> {
    this.#name = resolve(this.#target, state)!
    state.revoked.add(this.#name)
    await super.run(state)
  }

  protected async change (state: State, server: number): Promise<void> { await state.changeTrust(server, {}) }
  toString (): string { return `${this.#name} is revoked, ${listServers(this.servers)}: new lists` }
}

/** The keys of CAs that publish lists. */
const LISTING: ReadonlySet<string> = new Set(['kA', 'kB', 'kIssuing', 'kSecond'])

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

/** An entry comes on the block list. */
export class Block extends Change {
  readonly #by: 'serial' | 'key'
  readonly #target: Target
  #entry = ''

  constructor (servers: Servers, by: 'serial' | 'key', target: Target) {
    super(servers)
    this.#by = by
    this.#target = target
  }

  override check (state: State): boolean { return resolve(this.#target, state) !== undefined }

  override async run (state: State): Promise<void> {
    this.#entry = `${this.#by} ${resolve(this.#target, state)}`
    await super.run(state)
  }

  protected async change (state: State, server: number): Promise<void> {
    await state.changeBlocks(server, new Set([...state.trust[server]!.blocked, this.#entry]))
  }

  toString (): string { return `${listServers(this.servers)}: ${this.#entry} is blocked` }
}

/** The block list is empty again. */
export class Unblock extends Change {
  override check ({ trust }: State): boolean { return this.servers.some((server) => trust[server]!.blocked.size > 0) }
  protected async change (state: State, server: number): Promise<void> { await state.changeBlocks(server, new Set()) }
  toString (): string { return `${listServers(this.servers)}: nothing is blocked` }
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
