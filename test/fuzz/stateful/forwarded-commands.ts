// Clients behind a gateway, whose certificates come in headers. A client that is refused ends no connection: others
// share it.
import { OnOpen, canUpgrade, check, checkEnded, isHttp, show } from './connection-commands.ts'
import type { Path } from './connection-commands.ts'
import { GATEWAYS } from './state.ts'
import type { Client, Open, State } from './state.ts'
import { Upgraded } from './upgraded.ts'

/** The headers that a gateway of a server writes about a client. */
export function headersOf (state: State, server: number, { leaf, sent }: Client): Record<string, string> {
  const made = [leaf, ...sent].map((name) => state.pki.make(name))
  if (GATEWAYS[server] === 'xfcc') {
    const chain = encodeURIComponent(made.map(({ pem }) => pem).join(''))
    return { 'x-forwarded-client-cert': `Cert="${encodeURIComponent(made[0]!.pem)}";Chain="${chain}"` }
  }
  const [own, ...above] = made.map(({ der }) => `:${der.toString('base64')}:`)
  return { 'client-cert': own!, ...(above.length > 0 && { 'client-cert-chain': above.join(', ') }) }
}

/** A request with the certificate of somebody else: of a gateway, or of anybody who has learned of the headers. */
export class AskForwarded extends OnOpen {
  readonly #client: Client
  readonly #path: Path
  readonly #byAnybody: boolean

  constructor (index: number, client: Client, path: Path, byAnybody: boolean) {
    super(index)
    this.#client = client
    this.#path = path
    this.#byAnybody = byAnybody
  }

  protected fits (open: Open): boolean { return isHttp(open) && (this.#byAnybody || open.client.leaf === 'gateway') }

  protected async use (state: State, open: Open): Promise<void> {
    const { connection, server } = open
    const client = this.#client
    const own = state.expect(open)
    const answer = await connection.ask(headersOf(state, server, client), this.#path)
    if (own === 'refused' || (own === 'either' && answer.status === undefined)) {
      check(state, answer, own, client, this.#path, [])
      await checkEnded(connection)
      await state.drop([open])
      return
    }
    // A refusal is an answer here.
    if (answer.status === undefined) throw new Error('a header ended the connection of its gateway')
    const accepted = state.listFirst(server, client)
    const isServed = check(state, answer, state.expectForwarded(open, client), client, this.#path, accepted)
    state.count(`forwarded clients ${isServed ? 'served' : 'refused'}`)
  }

  protected describe (who: string): string { return `${who} forwards ${show(this.#client)} (${this.#path})` }
}

/** An upgrade of a client behind a gateway. The socket is then its own. */
export class UpgradeForwarded extends OnOpen {
  readonly #client: Client

  constructor (index: number, client: Client) {
    super(index)
    this.#client = client
  }

  protected fits (open: Open): boolean { return canUpgrade(open) && open.client.leaf === 'gateway' }

  protected async use (state: State, open: Open): Promise<void> {
    open.forwarded = this.#client
    const expected = state.expect(open)
    const upgraded = new Upgraded(open.connection.socket)
    const status = await upgraded.begin(headersOf(state, open.server, this.#client))
    const isServed = status === 101
    if (expected !== 'either' && isServed !== (expected === 'served')) {
      throw new Error(`must be ${expected}, and the answer to the upgrade was ${status ?? 'none'}`)
    }
    state.count(`upgrades of forwarded clients ${isServed ? 'served' : 'refused'}`)
    if (isServed) open.upgraded = upgraded
    else await state.drop([open])
  }

  protected describe (who: string): string { return `${who} forwards ${show(this.#client)}, and is upgraded` }
}
