import type { SecureServerOptions } from 'node:http2'
import type { ServerOptions } from 'node:https'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

/** Options of Node's HTTP servers that may stand under Fastify's `https`. None of them is about TLS. */
const PASSED = [
  'connectionsCheckingInterval', 'headersTimeout', 'highWaterMark', 'insecureHTTPParser', 'joinDuplicateHeaders', 'keepAlive', 'keepAliveInitialDelay', 'keepAliveTimeoutBuffer',
  'maxHeaderSize', 'noDelay', 'rejectNonStandardBodyWrites', 'requireHostHeader', 'uniqueHeaders', 'optimizeEmptyRequests',
  'maxDeflateDynamicTableSize', 'maxHeaderListPairs', 'maxOutstandingPings', 'maxSendHeaderBlockLength', 'maxSessionInvalidFrames', 'maxSessionMemory', 'maxSessionRejectedStreams',
  'maxSettings', 'paddingStrategy', 'peerMaxConcurrentStreams', 'remoteCustomSettings', 'settings', 'streamResetBurst', 'streamResetRate', 'strictFieldWhitespaceValidation',
  'strictSingleValueFields', 'unknownProtocolTimeout'
] as const

/** Options of Node's HTTP servers, by Node's names. */
export type HttpOptions = Pick<ServerOptions & SecureServerOptions, Extract<keyof (ServerOptions & SecureServerOptions), typeof PASSED[number]>>

/**
 * Refuses options that contradict mutual TLS. A `requestCert: false` that is ignored in silence would be believed.
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function checkServerOptions ({ https, http2 }: Record<string, any>, isHttp2: boolean): void {
  if (Boolean(http2) !== isHttp2) throw new MTLS_ERR_SERVER_OPTION(`Fastify's http2 is ${String(http2)}, but the server was made for ${isHttp2 ? 'HTTP/2' : 'HTTP/1.1'}; expected withMtls(credentials, { http2: ${String(!isHttp2)} })`)
  if (https === null || typeof https !== 'object') return
  for (const key of Object.keys(https)) {
    if (!(PASSED as readonly string[]).includes(key)) throw new MTLS_ERR_SERVER_OPTION(`found https.${key}; expected options of Node's HTTP server alone: certificates come from the credentials, other options of TLS stand under mtls`)
  }
}

export function pickHttpOptions ({ https }: Record<string, any>): object {
  return https !== null && typeof https === 'object' ? { ...https } : {}
}
