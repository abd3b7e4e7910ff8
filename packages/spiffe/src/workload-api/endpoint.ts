import { isIP } from 'node:net'
import { describeValue } from '@peerkit/identity/internal'
import { SpiffeOptionError } from '../errors.ts'

/** Where the Workload API listens. */
export type Endpoint = { readonly path: string } | { readonly host: string, readonly port: number }

/** The variable that names the endpoint (SPIFFE Workload Endpoint section 4). */
export const ENDPOINT_VARIABLE = 'SPIFFE_ENDPOINT_SOCKET'

const EXPECTED = 'unix:/path/to/socket or tcp://127.0.0.1:8000'
const UNIX = /^unix:(?:\/\/)?(\/(?!\/)[^?#]*)$/
const TCP = /^tcp:\/\/(?:\[([^\]]+)\]|([^:/?#@[\]]+)):(\d{1,5})$/

/**
 * Reads the address of the Workload API (SPIFFE Workload Endpoint section 4): `unix:` with an absolute path and no
 * host, or `tcp:` with an IP address and a port and nothing else.
 *
 * @param given the option `socket`; undefined: the variable SPIFFE_ENDPOINT_SOCKET
 * @throws SpiffeOptionError
 */
export function readEndpoint (given: unknown): Endpoint {
  const option = given === undefined ? `the variable ${ENDPOINT_VARIABLE}` : 'socket'
  const text = given ?? process.env[ENDPOINT_VARIABLE]
  if (text === undefined || text === '') {
    throw new SpiffeOptionError(`socket is missing, and ${ENDPOINT_VARIABLE} is not set; expected ${EXPECTED}`)
  }
  if (typeof text === 'string') {
    const [, path] = UNIX.exec(text) ?? []
    // The path of a URI is not decoded by the other implementations either.
    if (path !== undefined && !path.includes('\0')) return { path }
    const [, ipv6, ipv4, port] = TCP.exec(text) ?? []
    const host = ipv6 ?? ipv4 ?? ''
    if (isIP(host) === (ipv6 === undefined ? 4 : 6) && Number(port) > 0 && Number(port) < 65_536) {
      return { host, port: Number(port) }
    }
  }
  throw new SpiffeOptionError(`${option} is ${describeValue(text)}; expected ${EXPECTED}`)
}

/** The address as people write it. */
export function describeEndpoint (endpoint: Endpoint): string {
  if ('path' in endpoint) return `unix:${endpoint.path}`
  return `tcp://${isIP(endpoint.host) === 6 ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}
