// A client of undici-mtls calls servers whose certificates change, and gets other CAs, lists and blocks.
import { check } from './connection-commands.ts'
import type { Path, Step } from './connection-commands.ts'
import type { OwnRoot } from './own.ts'
import { CALLER } from './state.ts'
import type { State } from './state.ts'

/** A call, which a server answers if each accepts the other. */
export class CallOut implements Step {
  readonly #server: number
  readonly #path: Path

  constructor (server: number, path: Path) {
    this.#server = server
    this.#path = path
  }

  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    const { caller } = state
    const [port, own] = [state.ports[this.#server]!, state.own[this.#server]!]
    const mayAnswer = caller.mayAnswer(port, own)
    const accepted = state.listAccepted({ server: this.#server, client: CALLER, resumed: false })
    // OpenSSL has no say about a connection that is open, and about a resumed session.
    const full = state.expectFull(this.#server, CALLER)
    const client = full === 'refused' && accepted.length > 0 ? 'either' : full
    let called = await caller.call(port, this.#path)
    // A connection that the server ends, and a session that it resets, cost one call.
    if ((called.status ?? 401) === 401 && client !== 'refused') called = await caller.call(port, this.#path)
    const expected = client === 'refused' || mayAnswer === false ? 'refused' : mayAnswer === undefined ? 'either' : client
    state.count(`calls ${called.status === undefined ? `refused: ${called.code}` : 'answered'}`)
    if (called.status === undefined) {
      caller.note(port, undefined)
      if (expected === 'served') throw new Error(`must be served, and the call failed with ${called.code}`)
      return
    }
    if (!caller.isGood(port, own, called.by)) throw new Error(`was answered by a server with the certificate ${called.by}`)
    check(state, called, expected, CALLER, this.#path, accepted)
    if (called.by === own.serial) caller.note(port, own)
  }

  toString (): string { return `${CALLER.leaf} calls server ${this.#server} by undici-mtls (${this.#path})` }
}

/** A root of servers is removed from the caller, or added again. */
export class ToggleForCaller implements Step {
  readonly #root: OwnRoot

  constructor (root: OwnRoot) { this.#root = root }

  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    const roots = new Set(state.caller.trust.roots)
    if (!roots.delete(this.#root)) roots.add(this.#root)
    state.caller.change({ roots })
  }

  toString (): string { return `the caller: root ${this.#root} of servers is removed, or added again` }
}

/** The present certificate of a server, or the intermediate of servers, is revoked or blocked at the caller. */
export class EndForCaller implements Step {
  readonly #by: 'revoked' | 'blocked'
  readonly #target: number | 'below'
  #name = ''

  constructor (by: 'revoked' | 'blocked', target: number | 'below') {
    this.#by = by
    this.#target = target
  }

  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(`${this.constructor.name}: ${this.#by}`)
    this.#name = this.#target === 'below' ? this.#target : state.own[this.#target]!.serial
    const { trust } = state.caller
    state.caller.change({ [this.#by]: new Set([...trust[this.#by], this.#name]) })
  }

  toString (): string { return `the caller: ${this.#target === 'below' ? 'below' : `that of server ${this.#target}`} is ${this.#by}` }
}

/** The lists of a caller are in force for a day, and end if its clock moves twice. */
const LONG = 14

/** The clock of the caller moves beyond the end of certificates of servers. Nothing else tells the caller. */
export class MoveClockOfCaller implements Step {
  check ({ caller }: State): boolean { return caller.trust.time === 0 }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.caller.change({ time: LONG })
  }

  toString (): string { return `the caller: ${LONG} hours pass` }
}
