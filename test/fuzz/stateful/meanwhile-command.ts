import { dial, nameOfWay } from '../../attacks/support/dial.ts'
import type { Connection, Way } from '../../attacks/support/dial.ts'
import { begin, check, checkEnded, isHttp, pick, show, showOpen } from './connection-commands.ts'
import type { Step } from './connection-commands.ts'
import { headersOf } from './forwarded-commands.ts'
import type { Client, Expected, Open, State } from './state.ts'

interface Who { readonly server: number, readonly client: Client, readonly way: Way }

/** Who waits for an answer of the responder. */
export type Waiting =
  | { readonly by: 'open connection', readonly index: number }
  /** `known client`: it was served before on the same connection. */
  | { readonly by: 'new connection' | 'known client' } & Who
  /** A gateway forwards its certificate. Nothing evaluates it again after the answer, as it does on a connection. */
  | { readonly by: 'gateway' } & Who

/** Somebody who is about to ask. */
interface Asker {
  readonly server: number
  readonly client: Client
  readonly resumed: boolean
  /** The connection, where it is open already: of the client, or of the gateway. */
  readonly open: Open | undefined
  readonly headers: Readonly<Record<string, string>>
  dial (): Promise<Connection>
  /** What must happen to it as things are. */
  expect (): Expected
}

const GATEWAY: Client = { leaf: 'gateway', sent: [] }

/**
 * Half an hour passes, a client waits for an answer of the responder, and meanwhile something changes at its server.
 * A client that is no longer trusted then must not be served, although the question was asked before.
 */
export class ChangeMeanwhile implements Step {
  readonly #waiting: Waiting
  readonly #change: Step
  #who = ''

  constructor (waiting: Waiting, change: Step) {
    this.#waiting = waiting
    this.#change = change
  }

  check (state: State): boolean {
    const waiting = this.#waiting
    return state.trust.every(({ time }) => time < 12) && this.#change.check(state) &&
      (waiting.by !== 'open connection' || state.open.some(isHttp)) &&
      (waiting.by !== 'gateway' || state.expectFull(waiting.server, GATEWAY) === 'served') &&
      (waiting.by !== 'known client' || state.expectFull(waiting.server, waiting.client) === 'served')
  }

  async run (state: State): Promise<void> {
    state.steps += 1
    this.#who = describe(this.#waiting, state)
    const asker = await prepare(this.#waiting, state)
    const { server, client, resumed, open, headers } = asker
    await state.moveClock(server, 0.5)
    const before = asker.expect()
    const mustAsk = state.mustAsk(server, client, resumed)
    state.isHeld = true
    const asked = state.responder.hold().then(() => undefined)
    const connection = await asker.dial()
    const asking = connection.ask(headers)
    // Another client may be the one who is asked about, if this one needs no answer of the responder.
    const early = await Promise.race([asking, asked])
    // What it is about may have ended by now.
    if (this.#change.check(state)) await this.#change.run(state, state)
    state.isHeld = false
    state.responder.release()
    const answer = early ?? await asking
    for (const each of state.ports.keys()) await state.settle(each)
    const waited = early === undefined && mustAsk
    state.count(waited ? `changes while a client waited, ${this.#waiting.by}` : 'changes while no client waited')
    const isRefused = asker.expect() === 'refused' && (waited || before === 'refused')
    const isServed = answer.status === 200
    if (isServed && isRefused) throw new Error('must be refused, and the answer was 200')
    if (isServed && waited) check(state, answer, 'either', client, '/', state.listAccepted({ server, client, resumed }))
    if (this.#waiting.by !== 'gateway' && open !== undefined && isServed) {
      open.unsure ||= state.expect(open) !== 'served'
      return
    }
    // A refusal does not end the connection of a gateway.
    if (isServed || this.#waiting.by === 'gateway') await connection.close()
    else await checkEnded(connection)
    if (open !== undefined) await state.drop([open])
  }

  toString (): string { return `half an hour passes, ${this.#who}, and meanwhile ${String(this.#change)}` }
}

async function prepare (waiting: Waiting, state: State): Promise<Asker> {
  if (waiting.by === 'open connection') {
    const open = pick(state.open.filter(isHttp), waiting.index)
    const { server, client, resumed, connection } = open
    return {
      server, client, resumed, open, headers: {}, dial: async () => connection, expect: () => state.expect(open)
    }
  }
  const { server, client, way } = waiting
  if (waiting.by === 'new connection') {
    return {
      server,
      client,
      resumed: false,
      open: undefined,
      headers: {},
      dial: async () => await dial(state.present(client), { port: state.ports[server]!, ...way }),
      expect: () => state.expectFull(server, client)
    }
  }
  const isGateway = waiting.by === 'gateway'
  await begin(state, server, isGateway ? GATEWAY : client, way)
  const open = state.open.at(-1)!
  const expectOpen = (): Expected => state.expect(open)
  return {
    server,
    client,
    resumed: false,
    open,
    headers: isGateway ? headersOf(state, server, client) : {},
    dial: async () => open.connection,
    expect: isGateway
      ? () => expectOpen() === 'refused' ? 'refused' : state.expectForwarded(open, client)
      : expectOpen
  }
}

function describe (waiting: Waiting, state: State): string {
  if (waiting.by === 'open connection') return showOpen(pick(state.open.filter(isHttp), waiting.index))
  const { server, client, way } = waiting
  const who = {
    gateway: `a gateway forwards ${show(client)}`,
    'known client': `${show(client)}, who was served,`,
    'new connection': `${show(client)} connects`
  }[waiting.by]
  return `${who} to server ${server} by ${nameOfWay(way)}`
}
