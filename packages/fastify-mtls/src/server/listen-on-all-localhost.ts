import dns from 'node:dns'
import type { AddressInfo } from 'node:net'
import type { MtlsServer } from '../handshake/handshake-gate.ts'

/** Events that Fastify and its plugins listen for on the first server, the only one they know. */
const FORWARDED_EVENTS = ['upgrade', 'connect', 'clientError'] as const
/** Methods that Fastify calls on the first server. */
const SHARED_METHODS = ['closeIdleConnections', 'closeAllConnections', 'closeHttp2Sessions', 'ref', 'unref'] as const

interface Bindings { readonly further: MtlsServer[], closes: number }

/**
 * Makes `listen({ host: 'localhost' })` bind every address of the name, as Fastify does without a server factory. (With
 * one, Fastify 5.12 binds only the first.) The additional servers verify clients like the first, share its port and
 * close with it. An address that cannot be bound is skipped, as in Fastify.
 *
 * @param make makes an additional server
 */
export function listenOnAllLocalhost (server: MtlsServer, make: () => MtlsServer): void {
  const bindings: Bindings = { further: [], closes: 0 }
  const listen = server.listen as (...args: any[]) => MtlsServer
  server.listen = ((...args: any[]) => {
    const [options] = args
    if (options?.host !== 'localhost' || options.path !== undefined) return listen.apply(server, args)
    const { closes } = bindings
    dns.lookup('localhost', { all: true }, (error, found = []) => {
      // Like Node: a server that is closed during the lookup does not listen.
      if (closes !== bindings.closes) return
      const addresses = new Set(error === null ? found.map(({ address }) => address) : [])
      server.prependOnceListener('listening', () => {
        const { address: own, port } = server.address() as AddressInfo
        for (const host of addresses) {
          if (host !== own) bindings.further.push(bind(server, make(), { ...options, host, port }))
        }
      })
      listen.apply(server, args)
    })
    return server
  }) as typeof server.listen
  closeTogether(server, bindings)
}

function bind (server: MtlsServer, further: MtlsServer, options: object): MtlsServer {
  for (const event of FORWARDED_EVENTS) {
    // Node closes the socket of an event without a listener. A listener that forwards to no one would leave it open.
    if (server.listenerCount(event) > 0) {
      further.on(event, (...args: any[]) => { server.emit(event as any, ...args as [any]) })
    }
  }
  further.on('error', () => { further.close() })
  return further.listen(options)
}

function closeTogether (server: MtlsServer, bindings: Bindings): void {
  for (const name of SHARED_METHODS) {
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
