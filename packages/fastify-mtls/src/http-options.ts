import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

/** What may be said beside `mtlsServerOptions` about HTTP, under Fastify's `https`: nothing that touches TLS. Node's names. */
const PASSED = [
  'connectionsCheckingInterval', 'headersTimeout', 'highWaterMark', 'insecureHTTPParser', 'joinDuplicateHeaders', 'keepAlive', 'keepAliveInitialDelay', 'keepAliveTimeoutBuffer',
  'maxHeaderSize', 'noDelay', 'rejectNonStandardBodyWrites', 'requireHostHeader', 'uniqueHeaders', 'optimizeEmptyRequests',
  'maxDeflateDynamicTableSize', 'maxHeaderListPairs', 'maxOutstandingPings', 'maxSendHeaderBlockLength', 'maxSessionInvalidFrames', 'maxSessionMemory', 'maxSessionRejectedStreams',
  'maxSettings', 'paddingStrategy', 'peerMaxConcurrentStreams', 'remoteCustomSettings', 'settings', 'streamResetBurst', 'streamResetRate', 'strictFieldWhitespaceValidation',
  'strictSingleValueFields', 'unknownProtocolTimeout'
]

/**
 * Refuses what `Fastify({ ...mtlsServerOptions(credentials), … })` says against the options that were made: a `requestCert: false` that is passed over in silence would be believed.
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function checkServerOptions ({ https, http2 }: Record<string, any>, isHttp2: boolean): void {
  if (Boolean(http2) !== isHttp2) throw new MTLS_ERR_SERVER_OPTION(`Fastify's http2 is ${String(http2)}; expected mtlsServerOptions(credentials, { http2: ${String(!isHttp2)} })`)
  if (https === null || typeof https !== 'object') return
  for (const key of Object.keys(https)) {
    if (!PASSED.includes(key)) throw new MTLS_ERR_SERVER_OPTION(`https.${key} cannot be given beside mtlsServerOptions; expected its own settings, or nothing`)
  }
}

export function pickHttpOptions ({ https }: Record<string, any>): object {
  return https !== null && typeof https === 'object' ? { ...https } : {}
}
