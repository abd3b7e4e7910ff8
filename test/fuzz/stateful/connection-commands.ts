// What clients do. Each command throws where a server does other than the model says.
import { isDeepStrictEqual } from 'node:util'
import type { AsyncCommand } from 'fast-check'
import { dial, nameOfWay } from '../../attacks/support/dial.ts'
import type { Answer, Connection, Way } from '../../attacks/support/dial.ts'
import { FACTS } from './facts.ts'
import type { Accepted } from './model.ts'
import { believedDns } from './state.ts'
import { Upgraded } from './upgraded.ts'
import type { Client, Expected, Open, State } from './state.ts'

export type Step = AsyncCommand<State, State>

/** A path that needs authority `a`, and one that needs any. */
export type Path = '/' | '/a'

/** The newest has index 0. */
export const pick = <Value>(from: readonly Value[], index: number): Value => from.at(-1 - index % from.length)!

export function show ({ leaf, sent }: Client): string {
  return sent.length === 0 ? leaf : `${leaf} (sends ${sent.join(', ')})`
}

export const showOpen = ({ client, server }: Open): string => `connection of ${show(client)} to server ${server}`

/** @param accepted every way in which the answer may describe the client */
export function check (
  state: State, { status, body }: Answer, expected: Expected, client: Client, path: Path, accepted: readonly Accepted[]
): boolean {
  const isServed = status === 200 || status === 403
  if (!isServed && status !== undefined && status !== 401) throw new Error(`answered ${status}`)
  if (expected !== 'either' && isServed !== (expected === 'served')) {
    throw new Error(`must be ${expected}, and the answer was ${status ?? 'none'}`)
  }
  state.count(`${isServed ? 'served' : 'refused'}${expected === 'either' ? ', either was right' : ''}`)
  if (status === 403) {
    const isOther = path === '/a' && accepted.some(({ authority }) => authority !== 'a')
    if (!isOther) throw new Error('must be allowed, and was forbidden')
  }
  if (status !== 200) return isServed
  const { cn, authority, dns, path: ders } = body
  const names: string[] = ders.map((der: string) => state.pki.nameOf(der))
  if (!accepted.some((each) => each.authority === authority && isDeepStrictEqual(each.path, names))) {
    const right = accepted.map((each) => `${each.authority}: ${each.path.join(' < ')}`).join('; ')
    throw new Error(`was described as of ${authority}: ${names.join(' < ')}; and not ${right}`)
  }
  if (cn !== client.leaf) throw new Error(`was called ${cn}`)
  if (path === '/a' && authority !== 'a') throw new Error(`is of ${authority}, and was served where a is required`)
  if (!isDeepStrictEqual(dns, believedDns(authority, FACTS[client.leaf]?.dns))) {
    throw new Error(`${authority} was believed to vouch for DNS names ${dns.join()}`)
  }
  return true
}

/** Nothing comes after a refusal. */
export async function checkEnded (connection: Connection): Promise<void> {
  const { status } = await connection.ask()
  await connection.close()
  if (status !== undefined) throw new Error(`was refused, and the next request got ${status}`)
}

/** Dials, asks once, and keeps what is accepted. Returns whether a resumed session was refused. */
export async function begin (
  state: State, server: number, client: Client, way: Way, session?: Buffer
): Promise<{ readonly isServed: boolean, readonly resumed: boolean }> {
  const connection = await dial(state.present(client), { port: state.ports[server]!, ...way, session })
  const { resumed } = connection
  const accepted = state.listAccepted({ server, client, resumed })
  const expected = resumed ? (accepted.length > 0 ? 'either' : 'refused') : state.expectFull(server, client)
  const isServed = check(state, await connection.ask(), expected, client, '/', resumed ? accepted : state.listFirst(server, client))
  state.count(resumed ? 'resumed' : session === undefined ? 'full handshakes' : 'full handshakes instead of resumption')
  state.kept.push({ client, way, session: connection.session, server, changes: state.changes[server]! })
  if (isServed) {
    state.open.push({ server, client, way, resumed, connection, forwarded: undefined, upgraded: undefined, over: false, unsure: false })
  } else await checkEnded(connection)
  return { isServed, resumed }
}

export class Connect implements Step {
  readonly #server: number
  readonly #client: Client
  readonly #way: Way

  constructor (server: number, client: Client, way: Way) {
    this.#server = server
    this.#client = client
    this.#way = way
  }

  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    await begin(state, this.#server, this.#client, this.#way)
  }

  toString (): string { return `${show(this.#client)} connects to server ${this.#server} by ${nameOfWay(this.#way)}` }
}

/** Somebody who came before comes again, and sends something else. */
export class ConnectOtherwise implements Step {
  readonly #server: number
  readonly #index: number
  readonly #other: number
  readonly #likely: readonly Client[]
  #who = ''

  /** @param likely what clients may send */
  constructor (server: number, index: number, other: number, likely: readonly Client[]) {
    this.#server = server
    this.#index = index
    this.#other = other
    this.#likely = likely
  }

  check ({ kept }: State): boolean { return kept.length > 0 }

  async run (state: State): Promise<void> {
    state.steps += 1
    const { client: { leaf }, way } = pick(state.kept, this.#index)
    const others = this.#likely.filter((each) => each.leaf === leaf)
    const client = others.length === 0 ? { leaf, sent: [] } : pick(others, this.#other)
    this.#who = `${show(client)} connects to server ${this.#server} by ${nameOfWay(way)}`
    await begin(state, this.#server, client, way)
  }

  toString (): string { return this.#who }
}

/** A client offers a session that any server gave it. */
export class Resume implements Step {
  readonly #server: number
  readonly #index: number
  #who = ''

  constructor (server: number, index: number) {
    this.#server = server
    this.#index = index
  }

  check ({ kept }: State): boolean { return kept.length > 0 }

  async run (state: State): Promise<void> {
    state.steps += 1
    const kept = pick(state.kept, this.#index)
    const { client, way, session } = kept
    this.#who = `${show(client)} by ${nameOfWay(way)}`
    const first = await begin(state, this.#server, client, way, session)
    if (first.isServed || !first.resumed) return
    state.count('sessions reset')
    if (state.isNew(kept, this.#server)) throw new Error('a good client was reset for a session of this server as it is')
    // Even a client that offers the same session again is served, if its certificates are good.
    const second = await begin(state, this.#server, client, way, session)
    if (!second.isServed && second.resumed && state.expectFull(this.#server, client) === 'served') {
      throw new Error('a good client was reset twice for one session')
    }
  }

  toString (): string { return `resume at server ${this.#server} session ${this.#index}: ${this.#who}` }
}

export const isHttp = ({ upgraded }: Open): boolean => upgraded === undefined
export const canUpgrade = (open: Open): boolean => isHttp(open) && open.way.protocol === 'HTTP/1.1'

async function ask (state: State, open: Open, path: Path): Promise<void> {
  const { connection, client } = open
  const expected = state.expect(open)
  const answer = await connection.ask({}, path)
  state.count('requests on open connections')
  if (check(state, answer, expected, client, path, state.listAccepted(open))) return
  await checkEnded(connection)
  await state.drop([open])
}

async function speak (state: State, open: Open): Promise<void> {
  const isServed = await open.upgraded!.isOpen()
  // An end that only the clock knows closes it at the next review.
  const expected = open.over || state.expect(open) === 'served' ? state.expect(open) : 'either'
  if (expected !== 'either' && isServed !== (expected === 'served')) {
    throw new Error(`must be ${expected}, and the upgraded connection is ${isServed ? 'open' : 'closed'}`)
  }
  state.count(`upgraded connections that are ${isServed ? 'open' : 'closed'}`)
  if (!isServed) await state.drop([open])
}

/** Something happens on one open connection. */
export abstract class OnOpen implements Step {
  readonly #index: number
  #who = ''

  constructor (index: number) { this.#index = index }

  check ({ open }: State): boolean { return open.some((each) => this.fits(each)) }

  async run (state: State): Promise<void> {
    state.steps += 1
    const open = pick(state.open.filter((each) => this.fits(each)), this.#index)
    this.#who = showOpen(open)
    await this.use(state, open)
  }

  protected abstract fits (open: Open): boolean
  protected abstract use (state: State, open: Open): Promise<void>
  toString (): string { return this.describe(this.#who) }
  protected abstract describe (who: string): string
}

/** A request. */
export class Ask extends OnOpen {
  readonly #path: Path

  constructor (index: number, path: Path) {
    super(index)
    this.#path = path
  }

  protected fits (open: Open): boolean { return isHttp(open) }
  protected async use (state: State, open: Open): Promise<void> { await ask(state, open, this.#path) }
  protected describe (who: string): string { return `${who} asks for ${this.#path}` }
}

/** An upgrade, after which the connection speaks no HTTP any more. */
export class Upgrade extends OnOpen {
  protected fits (open: Open): boolean { return canUpgrade(open) }

  protected async use (state: State, open: Open): Promise<void> {
    const expected = state.expect(open)
    const upgraded = new Upgraded(open.connection.socket)
    const status = await upgraded.begin()
    const isServed = status === 101
    if (expected !== 'either' && isServed !== (expected === 'served')) {
      throw new Error(`must be ${expected}, and the answer to the upgrade was ${status ?? 'none'}`)
    }
    state.count(`upgrades ${isServed ? 'served' : 'refused'}`)
    if (isServed) open.upgraded = upgraded
    else await state.drop([open])
  }

  protected describe (who: string): string { return `${who} is upgraded` }
}

/** Every connection is used, upgraded or not. */
export class AskAll implements Step {
  readonly #path: Path
  #last = ''

  constructor (path: Path) { this.#path = path }

  check ({ open }: State): boolean { return open.length > 0 }

  async run (state: State): Promise<void> {
    state.steps += 1
    for (const open of [...state.open]) {
      this.#last = showOpen(open)
      if (isHttp(open)) await ask(state, open, this.#path)
      else await speak(state, open)
    }
  }

  toString (): string { return `all connections are used (${this.#path}); the last was the ${this.#last}` }
}
