import type { TLSSocket } from 'node:tls'
import { Client } from 'undici'
import type { Dispatcher } from 'undici'
import type { Connection } from './connector.ts'
import { kExchange, kServer } from './exchange.ts'
import type { Exchange, PoolSlot } from './exchange.ts'
import { withoutRootDot } from './host-name.ts'
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
export interface ClientPool {
  readonly policy: OriginPolicy
  readonly isRetired: boolean
  readonly hasAnswered: boolean
  mayUse (connection: Connection): boolean
  answered (connection: Connection): void
  connect (address: Address, hostname: string): Promise<Connection>
}

/** An undici client with one connection at a time, and the identity of its server. */
export class PeerClient extends Client {
  readonly #slot: PoolSlot
  readonly #pool: ClientPool

  constructor (origin: string | URL, options: object, pool: ClientPool) {
    const slot: { -readonly [key in keyof PoolSlot]: PoolSlot[key] } = {
      origin: pool.policy.origin,
      connection: undefined,
      context: undefined,
      mayUse: (connection: Connection) => pool.mayUse(connection),
      get hasAnswered () { return pool.hasAnswered },
      answered: (connection: Connection) => { pool.answered(connection) }
    }
    const connect = (
      target: ConnectTarget, callback: (error: Error | null, socket: TLSSocket | null) => void
    ): void => {
      const { servername } = target
      const hasName = servername !== undefined && servername !== null && servername !== ''
      pool.connect(target, withoutRootDot(hasName ? servername : target.hostname)).then((connection) => {
        slot.connection = connection
        slot.context = Object.freeze({ [kServer]: connection.server })
        callback(null, connection.socket)
      }, (error: Error) => { callback(error, null) })
    }
    super(origin as URL, { ...options, connect: connect as any })
    this.#slot = slot
    this.#pool = pool
  }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const exchange = (options as { [kExchange]?: Exchange })[kExchange]
    // Requests that waited in a retired pool move to the next one. Returning true lets the pool pass on all of them.
    if (exchange !== undefined && this.#pool.isRetired) {
      exchange.move()
      return true
    }
    if (exchange !== undefined) exchange.slot = this.#slot
    return super.dispatch(options, handler)
  }
}
