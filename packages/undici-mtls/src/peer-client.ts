import type { TLSSocket } from 'node:tls'
import { Client } from 'undici'
import type { Dispatcher } from 'undici'
import type { Connection } from './connector.ts'
import { kExchange, kServer } from './exchange.ts'
import type { Exchange, Line } from './exchange.ts'
import type { OriginPolicy } from './origin-policy.ts'
import type { Address } from './reach-origin.ts'

/** What undici passes to connectors. */
interface ConnectTarget {
  readonly hostname: string
  readonly port: string
  readonly servername?: string | null
  readonly localAddress?: string | null
}

/** What a client needs of its pool. */
export interface ClientOwner {
  readonly policy: OriginPolicy
  readonly isRetired: boolean
  mayCarry (connection: Connection): boolean
  connect (address: Address, hostname: string): Promise<Connection>
}

/** An undici client with one connection at a time, and the identity of its server. */
export class PeerClient extends Client {
  readonly #line: Line
  readonly #generation: ClientOwner

  constructor (origin: string | URL, options: object, generation: ClientOwner) {
    const line: { -readonly [key in keyof Line]: Line[key] } = {
      origin: generation.policy.origin,
      connection: undefined,
      context: undefined,
      mayCarry: (connection: Connection) => generation.mayCarry(connection)
    }
    const connect = (
      target: ConnectTarget, callback: (error: Error | null, socket: TLSSocket | null) => void
    ): void => {
      const { servername } = target
      const hasName = servername !== undefined && servername !== null && servername !== ''
      generation.connect(target, hasName ? servername : target.hostname).then((connection) => {
        line.connection = connection
        line.context = Object.freeze({ [kServer]: connection.server })
        callback(null, connection.socket)
      }, (error: Error) => { callback(error, null) })
    }
    super(origin as URL, { ...options, connect: connect as any })
    this.#line = line
    this.#generation = generation
  }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = (options as { [kExchange]?: Exchange })[kExchange]
    // Requests that waited in a retired pool move to the next one. Returning true lets the pool pass on all of them.
    if (exchange !== undefined && this.#generation.isRetired) {
      exchange.move()
      return true
    }
    if (exchange !== undefined) exchange.line = this.#line
    return super.dispatch(options, handler)
  }
}
