import type { SecureServerOptions } from 'node:http2'
import type { ServerOptions } from 'node:https'
import { ServerOptionError } from '../errors.ts'

/** Options of Node's HTTP servers that are accepted under Fastify's `https`. None of them is about TLS. */
const PASSED = [
  'connectionsCheckingInterval', 'headersTimeout', 'highWaterMark', 'insecureHTTPParser', 'joinDuplicateHeaders',
  'keepAlive', 'keepAliveInitialDelay', 'keepAliveTimeoutBuffer', 'maxHeaderSize', 'noDelay',
  'rejectNonStandardBodyWrites', 'requireHostHeader', 'uniqueHeaders', 'optimizeEmptyRequests',
  'maxDeflateDynamicTableSize', 'maxHeaderListPairs', 'maxOutstandingPings', 'maxSendHeaderBlockLength',
  'maxSessionInvalidFrames', 'maxSessionMemory', 'maxSessionRejectedStreams', 'maxSettings', 'paddingStrategy',
  'peerMaxConcurrentStreams', 'remoteCustomSettings', 'settings', 'streamResetBurst', 'streamResetRate',
  'strictFieldWhitespaceValidation', 'strictSingleValueFields', 'unknownProtocolTimeout'
] as const

/** Options of Node's HTTP servers, with Node's names. None of TLS. */
export type HttpOptions = Pick<
  ServerOptions & SecureServerOptions, Extract<keyof (ServerOptions & SecureServerOptions), typeof PASSED[number]>
>

/**
 * Refuses options that contradict mutual TLS. If `requestCert: false` were ignored silently, its author would rely on
 * it.
 *
 * @throws ServerOptionError
 */
export function checkServerOptions ({ https, http2 }: Record<string, any>, isHttp2: boolean): void {
  if (Boolean(http2) !== isHttp2) {
    const made = isHttp2 ? 'HTTP/2' : 'HTTP/1.1'
    throw new ServerOptionError(
      `Fastify's http2 is ${String(http2)}, but the server was made for ${made}; ` +
        `expected withMtls(credentials, { http2: ${String(!isHttp2)} })`
    )
  }
  if (https === null || typeof https !== 'object') return
  for (const key of Object.keys(https)) {
    if (!(PASSED as readonly string[]).includes(key)) {
      throw new ServerOptionError(
        `found https.${key}; expected only options of Node's HTTP server: certificates come from the credentials, ` +
          'other TLS options go under mtls'
      )
    }
  }
}

export function pickHttpOptions ({ https }: Record<string, any>): object {
  return https !== null && typeof https === 'object' ? { ...https } : {}
}
