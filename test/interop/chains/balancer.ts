import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface Balancer {
  readonly port: number
  /** How many connections came. */
  readonly connections: () => number
  close (): Promise<void>
}

/**
 * A TCP load balancer: hands on octets, ends and resets, and looks at nothing.
 *
 * @param choose the port for a connection, by its number from 1
 */
export async function startBalancer (choose: (connection: number) => number): Promise<Balancer> {
  let count = 0
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const worker = connect({ port: choose(++count), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    join(client, worker, open)
    join(worker, client, open)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => count,
    close: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

function join (from: Socket, to: Socket, open: Set<Socket>): void {
  open.add(from)
  from.pipe(to)
  from.on('error', () => {
    // A socket that is being shut down cannot be reset any more: Node would keep its handle, and hang at its exit.
    if (to.writableEnded) to.destroy()
    else to.resetAndDestroy()
  })
  from.on('close', () => { open.delete(from) })
}
