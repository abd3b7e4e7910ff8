import type { SecureServerOptions } from 'node:http2'
import type { ServerOptions } from 'node:https'
import { ServerOptionError } from '../errors.ts'
import { serverOptions } from './server-options.ts'

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

/** TLS options of Node. They have no effect here: they belong under `mtls` or into the credentials. */
const TLS_OPTIONS: readonly string[] = [
  'ca', 'cert', 'key', 'passphrase', 'pfx', 'crl', 'requestCert', 'rejectUnauthorized', 'secureContext',
  'secureProtocol', 'SNICallback', 'ALPNProtocols'
]

/** Options of plugins, which Fastify would ignore, with the place where they belong. */
const PLUGIN_OPTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['allowedClients', 'allowedClientsMode'].map((key) => [
    key, `on a route, config: { ${key}: … }, or with app.mtls.allow(…)`
  ])),
  ...Object.fromEntries(['groups', 'defaultRules', 'notFoundRules'].map((key) => [
    key, `on the plugin: app.register(fastifyAllowedClients, { ${key}: … })`
  ])),
  ...Object.fromEntries(['closeCredentials', 'corsPreflights', 'forwarded'].map((key) => [
    key, `on the plugin: app.register(fastifyMtls, { ${key}: … })`
  ]))
}

/** Options of Fastify's router that answer requests before any plugin can check them. */
const ROUTER_ANSWERS: readonly string[] = ['defaultRoute', 'onBadUrl']

/** Refuses options in the wrong place. Fastify would ignore them silently. */
export function checkMisplaced (options: object): void {
  const { routerOptions } = options as { routerOptions?: unknown }
  const answer = ROUTER_ANSWERS.find((key) => Object.hasOwn(Object(routerOptions), key))
  if (answer !== undefined) {
    throw new ServerOptionError(
      `found routerOptions.${answer}; expected none: it would answer clients that no plugin has checked. ` +
        'Use app.setNotFoundHandler()'
    )
  }
  for (const key of Object.keys(options)) {
    if (key === 'serverFactory') {
      throw new ServerOptionError(
        'found serverFactory; expected none: withMtls makes the server, another one would not check client certificates'
      )
    }
    if (serverOptions.keys.includes(key)) {
      throw new ServerOptionError(
        `found ${key} among Fastify's options; expected it under mtls: withMtls(credentials, { mtls: { ${key} } })`
      )
    }
    if (Object.hasOwn(PLUGIN_OPTIONS, key)) {
      throw new ServerOptionError(
        `found ${key} among Fastify's options, where it has no effect; expected it ${PLUGIN_OPTIONS[key] as string}`
      )
    }
    if (TLS_OPTIONS.includes(key)) {
      throw new ServerOptionError(
        `found ${key}; expected certificates, keys and CAs in the credentials, and other TLS options under mtls`
      )
    }
  }
}

/**
 * Refuses options that contradict mutual TLS. If `requestCert: false` were ignored silently, its author would rely on
 * it.
 *
 * @throws ServerOptionError
 */
export function checkHttpOptions ({ https, http2 }: Record<string, any>, isHttp2: boolean): void {
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
