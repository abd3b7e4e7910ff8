// What happens to the OCSP responder, and changes while a client waits for its answer.
import { dial, nameOfWay } from '../../attacks/support/dial.ts'
import type { Way } from '../../attacks/support/dial.ts'
import { check, checkEnded, isHttp, pick, show, showOpen } from './connection-commands.ts'
import type { Step } from './connection-commands.ts'
import type { Client, Expected, State } from './state.ts'

/** A certificate is revoked, and its responder says so. */
export class RevokeByOcsp implements Step {
  readonly #name: string

  constructor (name: string) { this.#name = name }

  check ({ responder }: State): boolean { return !responder.state.revoked.has(this.#name) }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.changeResponder({ revoked: new Set([...state.responder.state.revoked, this.#name]) })
  }

  toString (): string { return `the responder: ${this.#name} is revoked` }
}

/** The responder fails from now on, or answers again. */
export class ToggleResponder implements Step {
  check (): boolean { return true }

  async run (state: State): Promise<void> {
    state.steps += 1
    state.count(this.constructor.name)
    state.changeResponder({ isDown: !state.responder.state.isDown })
  }

  toString (): string { return 'the responder fails, or answers again' }
}

/**
 * Half an hour passes, a client waits for an answer of the responder, and meanwhile something changes at its server.
 * A client that is no longer trusted then must not be served, although the question was asked before.
 */
export class ChangeMeanwhile implements Step {
  readonly #index: number
  readonly #change: Step
  readonly #fresh: readonly [client: Client, way: Way] | undefined
  #who = ''

  /** @param fresh who connects; undefined if an open connection is used */
  constructor (index: number, change: Step, fresh: readonly [Client, Way] | undefined) {
    this.#index = index
    this.#change = change
    this.#fresh = fresh
  }

  check (state: State): boolean {
    return (this.#fresh !== undefined || state.open.some(isHttp)) && state.trust.every(({ time }) => time < 12) &&
      this.#change.check(state)
  }

  async run (state: State): Promise<void> {
    state.steps += 1
    const used = this.#fresh === undefined ? pick(state.open.filter(isHttp), this.#index) : undefined
    const server = used?.server ?? this.#index % 2
    const [client] = used === undefined ? this.#fresh! : [used.client]
    this.#who = used === undefined
      ? `${show(client)} connects to server ${server} by ${nameOfWay(this.#fresh![1])}`
      : showOpen(used)
    await state.moveClock(server, 0.5)
    const resumed = used?.resumed ?? false
    const expect = (): Expected => used === undefined ? state.expectFull(server, client) : state.expect(used)
    const before = expect()
    const mustAsk = state.mustAsk(server, client, resumed)
    state.isHeld = true
    const asked = state.responder.hold().then(() => undefined)
    const connection = used?.connection ??
      await dial(state.present(client), { port: state.ports[server]!, ...this.#fresh![1] })
    const asking = connection.ask()
    // Another client may be the one who is asked about, if this one needs no answer of the responder.
    const early = await Promise.race([asking, asked])
    // What it is about may have ended by now.
    if (this.#change.check(state)) await this.#change.run(state, state)
    state.isHeld = false
    state.responder.release()
    const answer = early ?? await asking
    for (const each of state.ports.keys()) await state.settle(each)
    const waited = early === undefined && mustAsk
    state.count(waited ? 'changes while a client waited' : 'changes while no client waited')
    const now = expect()
    const isRefused = now === 'refused' && (waited || before === 'refused')
    const isServed = answer.status === 200
    if (isServed && isRefused) throw new Error('must be refused, and the answer was 200')
    if (isServed && waited) check(state, answer, 'either', client, '/', state.listAccepted({ server, client, resumed }))
    if (used !== undefined && isServed) {
      used.unsure ||= state.expect(used) !== 'served'
      return
    }
    if (isServed) await connection.close()
    else await checkEnded(connection)
    if (used !== undefined) await state.drop([used])
  }

  toString (): string { return `half an hour passes, ${this.#who}, and meanwhile ${String(this.#change)}` }
}
