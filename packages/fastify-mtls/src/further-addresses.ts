import dns from 'node:dns'
import type { AddressInfo } from 'node:net'
import type { MtlsServer } from './gate.ts'

/** Events that Fastify and its plugins listen for on the one server that they know. */
const FORWARDED = ['upgrade', 'connect', 'clientError'] as const
/** What Fastify does to the one server that it knows. */
const SHARED = ['closeIdleConnections', 'closeAllConnections', 'closeHttp2Sessions', 'ref', 'unref'] as const

interface Bindings { readonly further: MtlsServer[], closes: number }

/**
 * Makes `listen({ host: 'localhost' })` bind every address that the name has, as Fastify does for servers of its own: with a server factory Fastify 5.12 binds only the first. The
 * further servers are gated like the first, share its port, and end with it. An address that cannot be bound is left out, as Fastify leaves it.
 *
 * @param make makes a further server
 */
export function bindFurtherAddresses (server: MtlsServer, make: () => MtlsServer): void {
  const bindings: Bindings = { further: [], closes: 0 }
  const listen = server.listen as (...args: any[]) => MtlsServer
  server.listen = ((...args: any[]) => {
    const [options] = args
    if (options?.host !== 'localhost' || options.path !== undefined) return listen.apply(server, args)
    const { closes } = bindings
    dns.lookup('localhost', { all: true }, (error, found = []) => {
      // As Node: what is closed before its address is known does not listen any more.
      if (closes !== bindings.closes) return
      const addresses = new Set(error === null ? found.map(({ address }) => address) : [])
      server.prependOnceListener('listening', () => {
        const { address: own, port } = server.address() as AddressInfo
        for (const host of addresses) if (host !== own) bindings.further.push(bind(server, make(), { ...options, host, port }))
      })
      listen.apply(server, args)
    })
    return server
  }) as typeof server.listen
  endTogether(server, bindings)
}

function bind (server: MtlsServer, further: MtlsServer, options: object): MtlsServer {
  for (const event of FORWARDED) {
    // A listener that hands nothing on would leave the socket hanging.
    if (server.listenerCount(event) > 0) further.on(event, (...args: any[]) => { server.emit(event as any, ...args as [any]) })
  }
  further.on('error', () => { further.close() })
  return further.listen(options)
}

function endTogether (server: MtlsServer, bindings: Bindings): void {
  for (const name of SHARED) {
    const own = (server as any)[name] as ((...args: any[]) => unknown) | undefined
    if (own === undefined) continue
    ;(server as any)[name] = (...args: any[]) => {
      for (const other of bindings.further) (other as any)[name]?.(...args)
      return own.apply(server, args)
    }
  }
  const close = server.close as (this: MtlsServer, done?: (error?: Error) => void) => MtlsServer
  server.close = ((done?: (error?: Error) => void) => {
    bindings.closes += 1
    const others = bindings.further.map(async (other) => { await new Promise((resolve) => { other.close(resolve) }) })
    return close.call(server, (error) => { Promise.all(others).then(() => { done?.(error) }, () => {}) })
  }) as typeof server.close
}
