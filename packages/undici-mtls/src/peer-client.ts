import { Client } from 'undici'
import type { Dispatcher } from 'undici'
import { openConnection } from './connector.ts'
import type { ConnectTarget, Connection, ConnectorOptions } from './connector.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { ResponseHandler } from './response-handler.ts'

/** An undici client, one connection at a time, that knows who is at its other end. */
export class PeerClient extends Client {
  readonly #link: { connection: Connection | undefined }
  readonly #policy: OriginPolicy

  constructor (origin: string | URL, options: Client.Options, policy: OriginPolicy, connector: ConnectorOptions) {
    const link: { connection: Connection | undefined } = { connection: undefined }
    const connect = (target: ConnectTarget, callback: (error: Error | null, socket: Connection['socket'] | null) => void): void => {
      openConnection(target, policy, connector).then((connection) => {
        link.connection = connection
        connector.onConnected(connection)
        callback(null, connection.socket)
      }, (error: Error) => { callback(error, null) })
    }
    super(origin as URL, { ...options, connect: connect as any })
    this.#link = link
    this.#policy = policy
  }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return super.dispatch(options, new ResponseHandler(handler, () => this.#link.connection, this.#policy.origin))
  }
}
