import { request, STATUS_CODES } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { openConnection } from '../connect/connection.ts'
import type { ConnectContext, Connection, ConnectLimit, Destination } from '../connect/connection.ts'
import { explainConnectError } from '../connect/explain-error.ts'
import type { Endpoint } from '../connect/handshake.ts'
import { withoutBrackets, withoutRootDot } from '../connect/host-name.ts'
import { OutboundUnreachableError } from '../errors.ts'
import type { OriginPolicy, Proxy } from './origin-policy.ts'

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
  const host = withoutBrackets(address.hostname)
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
  const sessionKey = `${origin} ${hostname} ${host}:${port}`
  const connection = await deadline.race(
    openConnection({ origin, rules, hostname, deadline, open, sessionKey }, context)
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
  const host = withoutBrackets(hostname)
  const to: Destination = {
    origin,
    rules: proxy.rules,
    hostname: withoutRootDot(host),
    deadline,
    sessionKey: `proxy ${origin}`,
    open: () => ({ host, port: Number(port === '' ? 443 : port) })
  }
  // CONNECT is HTTP/1.1.
  const { socket, validUntil, decision: { current } } = await openConnection(to, withoutH2(context))
  return { socket, validUntil: Math.min(validUntil, current.notAfter, current.staleUntil) }
}

const http1Settings = new WeakMap<ConnectContext['settings'], ConnectContext['settings']>()

/** The same context, for connections that offer HTTP/1.1 only. */
export function withoutH2 (context: ConnectContext): ConnectContext {
  const { settings } = context
  if (!settings.protocols.includes('h2')) return context
  // The same object for the same settings: TLS contexts are cached by it.
  let own = http1Settings.get(settings)
  if (own === undefined) http1Settings.set(settings, own = Object.freeze({ ...settings, protocols: ['http/1.1'] }))
  return { ...context, settings: own }
}

/** Opens a TCP connection to an http proxy. */
async function connectPlainly ({ url }: Proxy): Promise<Socket> {
  const socket = connect({
    host: withoutBrackets(url.hostname), port: Number(url.port === '' ? 80 : url.port), noDelay: true
  })
  return await new Promise((resolve, reject) => {
    socket.once('connect', () => { resolve(socket) })
    socket.once('error', reject)
  })
}

/**
 * Opens a tunnel to `authority` through a proxy (RFC 9110 section 9.3.6).
 *
 * @throws OutboundUnreachableError (`proxy`) if the proxy does not answer 2xx
 */
async function openTunnel (
  proxy: Proxy, connection: Socket, authority: string, origin: string
): Promise<Socket> {
  const refused = (message: string, retryable: boolean, options?: ErrorOptions): Error =>
    new OutboundUnreachableError(origin, message, { reason: 'proxy', retryable }, options)
  const asked = request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxy.headers },
    createConnection: () => connection
  })
  return await new Promise((resolve, reject) => {
    asked.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      asked.off('error', reject)
      const isOpen = statusCode >= 200 && statusCode < 300
      if (isOpen && head.length === 0) {
        resolve(socket)
        return
      }
      socket.destroy()
      // A TLS server sends nothing before the client does, so data after a 2xx comes from the proxy.
      reject(refused(isOpen
        ? `the proxy ${proxy.url.origin} sent data of its own`
        : `the proxy ${proxy.url.origin} answered CONNECT with ${describeStatus(statusCode)}`, isTransient(statusCode)))
    })
    asked.once('error', (error) => {
      reject(refused(`the proxy ${proxy.url.origin} closed the connection (${error.message})`, true, { cause: error }))
    })
    asked.end()
  })
}

/** Whether the same request may succeed later: 408 Request Timeout, 429 Too Many Requests, errors of the server. */
function isTransient (statusCode: number): boolean {
  return statusCode >= 500 || statusCode === 408 || statusCode === 429
}

/** A status with its standard phrase. The phrase that the proxy sent could be any text. */
function describeStatus (statusCode: number): string {
  const phrase = STATUS_CODES[statusCode]
  return phrase === undefined ? String(statusCode) : `${statusCode} ${phrase}`
}

/**
 * Explains why the proxy itself could not be reached. Errors of this package about an https proxy, such as another
 * certificate than expected, are returned as they are.
 */
function explainProxyError (error: NodeJS.ErrnoException, proxy: Proxy, origin: string): Error {
  if (error.code?.startsWith('MTLS_ERR_') === true) return error
  const explained = explainConnectError(error, proxy.url.origin)
  if (!(explained instanceof OutboundUnreachableError)) return explained
  const { retryable, message } = explained
  const words = `the proxy ${proxy.url.origin} cannot be reached: ${message.replace(/^Cannot connect to \S+: /, '')}`
  return new OutboundUnreachableError(origin, words, { reason: 'proxy', retryable }, { cause: error })
}
