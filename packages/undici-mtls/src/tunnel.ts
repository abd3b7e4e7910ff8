import { request, STATUS_CODES } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts } from './errors.ts'
import { explainConnectError } from './explain-error.ts'
import type { Proxy } from './proxy-options.ts'

/** Opens a TCP connection to an http proxy. */
export async function connectPlainly ({ url }: Proxy): Promise<Socket> {
  const socket = connect({
    host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port === '' ? 80 : url.port), noDelay: true
  })
  return await new Promise((resolve, reject) => {
    socket.once('connect', () => { resolve(socket) })
    socket.once('error', reject)
  })
}

/**
 * Opens a tunnel to `authority` through a proxy (RFC 9110 section 9.3.6).
 *
 * @throws MTLS_ERR_OUTBOUND_UNREACHABLE (`proxy`) if the proxy does not answer 2xx
 */
export async function openTunnel (
  proxy: Proxy, connection: Socket, authority: string, origin: string
): Promise<Socket> {
  const refused = (
    message: string, retryable: boolean
  ): Error => withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, message), { retryable, origin, reason: 'proxy' })
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
        : `the proxy ${proxy.url.origin} answered CONNECT with ${describeStatus(statusCode)}`, statusCode >= 500))
    })
    asked.once('error', (error) => {
      reject(Object.assign(
        refused(`the proxy ${proxy.url.origin} closed the connection (${error.message})`, true), { cause: error }
      ))
    })
    asked.end()
  })
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
export function explainProxyError (error: NodeJS.ErrnoException, proxy: Proxy, origin: string): Error {
  if (error.code?.startsWith('MTLS_ERR_') === true) return error
  const explained = explainConnectError(error, proxy.url.origin)
  if (!(explained instanceof MTLS_ERR_OUTBOUND_UNREACHABLE)) return explained
  const { retryable, message } = explained as Error & { readonly retryable?: boolean }
  return withFacts(
    new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, `the proxy ${proxy.url.origin} cannot be reached: ${
      message.replace(/^Cannot connect to \S+: /, '')}`),
    { retryable: retryable === true, origin, reason: 'proxy', cause: error }
  )
}
