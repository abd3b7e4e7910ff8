import type { Socket } from 'node:net'
import { openConnection } from './connector.ts'
import type { Connection, Destination, ConnectContext } from './connector.ts'
import type { ConnectLimit } from './connect-limit.ts'
import type { Endpoint } from './handshake.ts'
import { withoutRootDot } from './host-name.ts'
import type { OriginPolicy } from './origin-policy.ts'
import type { Proxy } from './proxy-options.ts'
import { connectPlainly, explainProxyError, openTunnel } from './tunnel.ts'

/** The address to connect to, from undici's client. */
export interface Address { readonly hostname: string, readonly port: string, readonly localAddress?: string | null }

export interface ReachOptions {
  readonly policy: OriginPolicy
  readonly address: Address
  /** The name that the certificate must be for. */
  readonly hostname: string
  readonly deadline: ConnectLimit
  readonly context: ConnectContext
  /** For a proxy with its own credentials. */
  readonly proxyContext: ConnectContext | undefined
}

/** Opens a connection to an origin, through its proxy or Unix socket if it has one, and checks the server. */
export async function reachOrigin (
  { policy, address, hostname, deadline, context, proxyContext }: ReachOptions
): Promise<Connection> {
  const { origin, rules, proxy, socketPath } = policy
  const host = address.hostname.replace(/^\[|\]$/g, '')
  const port = Number(address.port === '' ? 443 : address.port)
  let proxyEnd = Infinity
  const open = async (): Promise<Endpoint> => {
    if (socketPath !== undefined) return { path: socketPath }
    if (proxy === undefined) {
      return { host, port, ...(address.localAddress != null && { localAddress: address.localAddress }) }
    }
    const proxyConnection = await openProxy(proxy, deadline, proxyContext ?? context)
      .catch((error: Error) => { throw explainProxyError(error, proxy, origin) })
    proxyEnd = proxyConnection.validUntil
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
    return { socket: await openTunnel(proxy, proxyConnection.socket, authority, origin) }
  }
  const connection = await deadline.race(
    openConnection({ origin, rules, hostname, deadline, open, sessionKey: `${origin} ${hostname}` }, context)
  )
  connection.validUntil = Math.min(connection.validUntil, proxyEnd)
  return connection
}

/** Connects to the proxy. An https proxy is checked like any server. */
async function openProxy (
  proxy: Proxy, deadline: ConnectLimit, context: ConnectContext
): Promise<{ readonly socket: Socket, readonly validUntil: number }> {
  if (proxy.url.protocol === 'http:') {
    const socket = await connectPlainly(proxy)
    deadline.guard(socket)
    return { socket, validUntil: Infinity }
  }
  const { origin, hostname, port } = proxy.url
  const host = hostname.replace(/^\[|\]$/g, '')
  const to: Destination = {
    origin,
    rules: proxy.rules,
    hostname: withoutRootDot(host),
    deadline,
    sessionKey: `proxy ${origin}`,
    open: () => ({ host, port: Number(port === '' ? 443 : port) })
  }
  // CONNECT is HTTP/1.1.
  const http1 = { ...context, settings: context.settings.allowH2 ? withoutH2(context.settings) : context.settings }
  const { socket, validUntil, decision: { current } } = await openConnection(to, http1)
  return { socket, validUntil: Math.min(validUntil, current.notAfter, current.staleUntil) }
}

const http1Settings = new WeakMap<ConnectContext['settings'], ConnectContext['settings']>()

/** Returns the same object for the same settings: TLS contexts are cached by it. */
function withoutH2 (settings: ConnectContext['settings']): ConnectContext['settings'] {
  let own = http1Settings.get(settings)
  if (own === undefined) http1Settings.set(settings, own = Object.freeze({ ...settings, allowH2: false }))
  return own
}
