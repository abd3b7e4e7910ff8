import { randomBytes } from 'node:crypto'
import type { Connection, Presented, Way } from '../../attacks/support/dial.ts'
import { Caller } from './caller.ts'
import { AUTHORITIES, OCSP_NAMES, ROOTS } from './facts.ts'
import { GENUINE, findAccepted, opensslAccepts } from './model.ts'
import type { Accepted, Trust } from './model.ts'
import { HOUR } from './own.ts'
import type { OwnKind } from './own.ts'
import type { IssuedOwn } from './own-pki.ts'
import { Pki } from './pki.ts'
import { Responder } from './responder.ts'
import type { OcspState } from './responder.ts'
import type { ServerThread } from './threads.ts'
import type { Upgraded } from './upgraded.ts'

/** What a client presents: a leaf, and what it sends above it. */
export interface Client { readonly leaf: string, readonly sent: readonly string[] }

/** A connection that a server accepted. */
export interface Open {
  readonly server: number
  readonly client: Client
  readonly way: Way
  /** A resumed session brings the leaf alone. */
  readonly resumed: boolean
  readonly connection: Connection
  /** Whose certificate came in the headers of the upgrade. */
  forwarded: Client | undefined
  upgraded: Upgraded | undefined
  /** Whether its server has reviewed it and found it wanting. It is never served again. */
  over: boolean
  /** Whether a review may have found it wanting. */
  unsure: boolean
}

/** What a client keeps of a connection, accepted or not. The server may have given no ticket. */
export interface Kept {
  readonly client: Client
  readonly way: Way
  readonly session: Buffer | undefined
  /** Who gave it, and how much that server had been through. */
  readonly server: number
  readonly changes: number
}

/** What must happen to a client. `either`: it depends on what a server remembers, and both are right. */
export type Expected = 'served' | 'refused' | 'either'

const SERVERS = 2
/** The headers of the gateways of each server. */
export const GATEWAYS = ['xfcc', 'rfc9440'] as const

/** Who calls servers by undici-mtls. */
export const CALLER: Client = { leaf: 'caller', sent: [] }

/** A run: two servers that share the secret of their tickets, what the model knows of them, and their clients. */
export class State {
  readonly pki = new Pki()
  readonly trust: Trust[] = Array.from({ length: SERVERS }, () => ({
    roots: new Set(ROOTS), revoked: new Set<string>(), ocspBad: new Set<string>(), blocked: new Set<string>(), crossSigned: false, time: 0
  }))

  /** What the CAs have revoked. A server knows when it gets the next lists. */
  readonly revoked = new Set<string>()
  open: Open[] = []
  readonly kept: Kept[] = []
  readonly ports: number[] = []
  /** How often each server was changed in any way. */
  readonly changes: number[] = Array.from({ length: SERVERS }, () => 0)
  /** What was seen, for the report: how often each thing happened. */
  readonly seen = new Map<string, number>()
  /** What each server presents. */
  readonly own: IssuedOwn[] = []
  readonly caller: Caller
  readonly responder = new Responder(this.pki, (server) => this.#nowOf(server))
  /** Whether the responder keeps questions waiting, so that no review ends. */
  isHeld = false
  /** What the responder said of late to each server. An answer counts until the clock of the server moves. */
  readonly #answers: OcspState[][] = Array.from({ length: SERVERS }, () => [])
  readonly #threads: readonly ServerThread[]
  readonly #presented = new Map<string, Presented>()
  readonly #ticketSecret = randomBytes(32)

  constructor (threads: readonly ServerThread[]) {
    this.#threads = threads
    this.caller = new Caller(this.pki, this.present(CALLER))
  }

  /** One object for each way to present a certificate, since clients keep a context for each. */
  present ({ leaf, sent }: Client): Presented {
    const name = [leaf, ...sent].join()
    const pems = [leaf, ...sent].map((each) => this.pki.make(each).pem)
    const presented = this.#presented.get(name) ?? { cert: pems.join(''), key: this.pki.make(leaf).keyPem }
    this.#presented.set(name, presented)
    return presented
  }

  /** How many commands have run. */
  steps = 0

  count (what: string): void { this.seen.set(what, (this.seen.get(what) ?? 0) + 1) }

  async begin (): Promise<void> {
    await this.responder.open()
    for (const server of this.#threads.keys()) await this.start(server)
  }

  async start (server: number): Promise<void> {
    this.#noteChange(server)
    this.#answers[server] = [this.responder.state]
    const trust = this.trust[server]!
    this.trust[server] = { ...trust, revoked: new Set(this.revoked) }
    const { cert, key } = this.#issueOwn(server, server === 0 ? 'byO' : 'brief')
    this.ports[server] = await this.#threads[server]!.tell({
      do: 'open',
      gateways: GATEWAYS[server]!,
      material: { cert, key, ...this.pki.materialOf(this.trust[server]!) },
      blocks: this.#blocksOf(server),
      now: this.#nowOf(server),
      ticketSecret: this.#ticketSecret,
      responder: this.responder.urlOf(server)
    })
  }

  async stop (server: number): Promise<void> {
    await this.drop(this.open.filter((open) => open.server === server))
    await this.#threads[server]!.tell({ do: 'close' })
  }

  /** Clients hang up. */
  async drop (gone: readonly Open[]): Promise<void> {
    await Promise.all(gone.map(async ({ connection }) => { await connection.close() }))
    this.open = this.open.filter((open) => !gone.includes(open))
  }

  /** A server presents another certificate. */
  async rotateOwn (server: number, kind: OwnKind): Promise<void> {
    const { cert, key } = this.#issueOwn(server, kind)
    await this.#threads[server]!.tell({ do: 'trust', material: { cert, key }, isHeld: this.isHeld })
  }

  #issueOwn (server: number, kind: OwnKind): IssuedOwn {
    const issued = this.pki.own.issue(kind)
    this.own[server] = issued
    return issued
  }

  /** Ends the run. */
  async close (): Promise<void> {
    await this.caller.close()
    for (const server of this.#threads.keys()) await this.stop(server)
    await this.responder.close()
  }

  /** Changes whom a server trusts. The newest lists of its CAs come with it. */
  async changeTrust (server: number, change: Partial<Trust>): Promise<void> {
    this.#noteChange(server)
    this.trust[server] = { ...this.trust[server]!, ...change, revoked: new Set(this.revoked) }
    await this.#threads[server]!.tell({
      do: 'trust', material: this.pki.materialOf(this.trust[server]!), isHeld: this.isHeld
    })
    this.#review(server)
  }

  async changeBlocks (server: number, blocked: ReadonlySet<string>): Promise<void> {
    this.#noteChange(server)
    this.trust[server] = { ...this.trust[server]!, blocked }
    await this.#threads[server]!.tell({ do: 'block', blocks: this.#blocksOf(server), isHeld: this.isHeld })
    this.#review(server)
  }

  /** The clock of a server moves. It reviews nothing by itself, since its timers are real. */
  async moveClock (server: number, hours: number): Promise<void> {
    this.#noteChange(server)
    const trust = this.trust[server]!
    this.#doubt(server)
    this.trust[server] = { ...trust, time: trust.time + hours }
    this.#answers[server] = [this.responder.state]
    await this.#threads[server]!.tell({ do: 'time', now: this.#nowOf(server) })
  }

  /** The responder changes. No server knows before it asks. */
  changeResponder (change: Partial<OcspState>): void {
    this.responder.state = { ...this.responder.state, ...change }
    for (const server of this.#threads.keys()) {
      this.#noteChange(server)
      this.#doubt(server)
      this.#answers[server]!.push(this.responder.state)
    }
  }

  /** Waits until a server has asked all that it has to. */
  async settle (server: number): Promise<void> { await this.#threads[server]!.tell({ do: 'settle' }) }

  /** A server reviews its connections too when it hears of a change from the responder, and the model does not know when. */
  #doubt (server: number): void {
    for (const open of this.open) open.unsure ||= open.server === server && this.expect(open) !== 'served'
  }

  /** What a server trusts if each answer of the responder that it may have is the best one, or the worst. */
  #viewsOf (server: number): readonly [best: Trust, worst: Trust] {
    const [trust, answers] = [this.trust[server]!, this.#answers[server]!]
    const isBad = (name: string) => ({ revoked, isDown }: OcspState): boolean => isDown || revoked.has(name)
    return [
      { ...trust, ocspBad: new Set(OCSP_NAMES.filter((name) => answers.every(isBad(name)))) },
      { ...trust, ocspBad: new Set(OCSP_NAMES.filter((name) => answers.some(isBad(name)))) }
    ]
  }

  /** Whether no path of a client counts without an answer of the responder. */
  mustAsk (server: number, { leaf, sent }: Client, resumed: boolean): boolean {
    const trust = { ...this.trust[server]!, ocspBad: new Set(OCSP_NAMES) }
    return findAccepted(leaf, resumed ? GENUINE : sent, trust).length === 0
  }

  /** What must happen if it depends on the trust alone. */
  #judge (server: number, isAccepted: (trust: Trust) => boolean): Expected {
    const [best, worst] = this.#viewsOf(server)
    return isAccepted(worst) ? 'served' : isAccepted(best) ? 'either' : 'refused'
  }

  #noteChange (server: number): void { this.changes[server] = this.changes[server]! + 1 }

  #nowOf (server: number): number { return this.pki.start + this.trust[server]!.time * HOUR }

  #blocksOf (server: number): any[] {
    return [...this.trust[server]!.blocked].map((entry) => this.pki.blockOf(entry))
  }

  #review (server: number): void {
    for (const open of this.open) {
      if (open.server !== server) continue
      const expected = this.expect(open)
      open.over = expected === 'refused'
      open.unsure = expected === 'either'
    }
  }

  /** What must happen to a client in a full handshake. */
  expectFull (server: number, { leaf, sent }: Client): Expected {
    return this.#judge(server, (trust) => {
      return findAccepted(leaf, sent, trust).length > 0 && opensslAccepts(leaf, sent, trust)
    })
  }

  /** Whether a server gave a session to a good client, and has not changed since. */
  isNew ({ server, changes, client }: Kept, offeredTo: number): boolean {
    return server === offeredTo && changes === this.changes[server] && this.expectFull(server, client) === 'served'
  }

  /** What must happen to the next request on an open connection, and to an upgraded one. */
  expect (open: Open): Expected {
    const own = this.#expectOwn(open)
    if (open.forwarded === undefined || own === 'refused') return own
    const through = this.expectForwarded(open, open.forwarded)
    return own === 'served' || through === 'refused' ? through : 'either'
  }

  /** What must happen to a client whose certificate comes in a header on a connection that is served. */
  expectForwarded (open: Open, { leaf, sent }: Client): Expected {
    const believed = this.listAccepted(open).map(({ authority }) => authority === 'a')
    if (open.client.leaf !== 'gateway' || !believed.includes(true)) return 'refused'
    // The gateway speaks TLS with the client, so OpenSSL has no say here.
    const expected = this.#judge(open.server, (trust) => findAccepted(leaf, sent, trust).length > 0)
    return believed.includes(false) && expected === 'served' ? 'either' : expected
  }

  #expectOwn ({ server, client: { leaf, sent }, resumed, over, unsure }: Open): Expected {
    if (over) return 'refused'
    // A resumed session goes by intermediates that the server remembers, and needs none of them if it has its own.
    const expected = this.#judge(server, (trust) => findAccepted(leaf, resumed ? [] : sent, trust).length > 0)
    if (expected === 'served' && !unsure) return expected
    return this.listAccepted({ server, client: { leaf, sent }, resumed }).length > 0 ? 'either' : 'refused'
  }

  /** Every way in which an answer on a connection may describe its client. */
  listAccepted ({ server, client: { leaf, sent }, resumed }: Pick<Open, 'server' | 'client' | 'resumed'>): Accepted[] {
    return findAccepted(leaf, resumed ? GENUINE : sent, this.#viewsOf(server)[0])
  }

  /** The same for a client whose certificates were evaluated anew: the first authority that accepts vouches for it. */
  listFirst (server: number, { leaf, sent }: Client): Accepted[] {
    const [best, worst] = this.#viewsOf(server).map((trust) => findAccepted(leaf, sent, trust)) as [Accepted[], Accepted[]]
    const isSure = best[0]?.authority === worst[0]?.authority
    return isSure ? best.filter(({ authority }) => authority === best[0]?.authority) : best
  }
}

/** The DNS names that a server believes of a client. */
export function believedDns (authority: string, dns: string | undefined): readonly string[] {
  return AUTHORITIES[authority]?.dns === undefined || dns === undefined ? [] : [dns]
}
