import { request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts } from './errors.ts'
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
      if (statusCode >= 200 && statusCode < 300 && head.length === 0) {
        resolve(socket)
        return
      }
      socket.destroy()
      // A TLS server sends nothing before the client does, so this data comes from the proxy.
      reject(refused(head.length > 0
        ? `the proxy ${proxy.url.origin} sent data of its own`
        : `the proxy ${proxy.url.origin} answered CONNECT with ${statusCode}`, statusCode >= 500))
    })
    asked.once('error', (error) => {
      reject(Object.assign(
        refused(`the proxy ${proxy.url.origin} closed the connection (${error.message})`, true), { cause: error }
      ))
    })
    asked.end()
  })
}
