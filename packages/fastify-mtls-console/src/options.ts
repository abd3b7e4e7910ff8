import type { CredentialSource } from '@peerkit/credentials'
import { isThenable } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { RuleSet } from '@peerkit/rules'
import { MTLS_ERR_CONSOLE_OPTION } from './errors.ts'

/** A server that this service calls. Services of `@peerkit/fastify-mtls-client` are found automatically. */
export interface OutboundService {
  readonly name: string
  readonly origin: string
  /** The expected server, as text: the result of `MtlsAgent.describeServers(origin)`. */
  readonly expects?: string
}

/** Options of `@peerkit/fastify-mtls-console`. */
export interface FastifyMtlsConsoleOptions {
  /** The path of the console, for example `/console`. */
  readonly prefix: string
  /** Rules for the clients that may read the console. Required. `authenticated` and `public` are refused. */
  readonly allowedClients: RuleSet<string, any>
  /** The credentials of the server. Default: those of the app. */
  readonly credentials?: CredentialSource
  /** The revocation checker of the server. Its CRLs are shown, and What if uses it. Default: that of the app. */
  readonly revocation?: RevocationChecker
  /** Servers that are called without `@peerkit/fastify-mtls-client`. */
  readonly outbound?: readonly OutboundService[]
  /** The name of the service on the page. Default: the name of its certificate. */
  readonly name?: string
  /** The name of this replica. Default: the host name. */
  readonly instance?: string
  /** Entries of each part of the log: clients, refused handshakes, changes. Default 1000, at most 100,000. */
  readonly maxEvents?: number
  /** Remembered clients. Default 200, at most 10,000. */
  readonly maxClients?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

const KNOWN = [
  'prefix',
  'allowedClients',
  'credentials',
  'revocation',
  'outbound',
  'name',
  'instance',
  'maxEvents',
  'maxClients',
  'now',
  'logLevel',
  'logSerializers'
]

/** @throws MTLS_ERR_CONSOLE_OPTION with the option, what was found and what was expected */
export function checkOptions (
  options: FastifyMtlsConsoleOptions,
  prefix: string
): FastifyMtlsConsoleOptions & Required<Pick<FastifyMtlsConsoleOptions, 'credentials'>> {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) {
      throw new MTLS_ERR_CONSOLE_OPTION(`unknown option "${key}"; expected one of ${KNOWN.join(', ')}`)
    }
  }
  if (prefix === '' || prefix === '/') {
    throw new MTLS_ERR_CONSOLE_OPTION('prefix is missing; expected a path of its own, such as "/console"')
  }
  checkRules(options.allowedClients)
  checkCredentials(options.credentials)
  const { revocation, outbound, name, instance, maxEvents, maxClients, now } = options
  if (revocation !== undefined && typeof (revocation as Partial<typeof revocation> | null)?.check !== 'function') {
    refuse('revocation', revocation, 'a revocation checker such as that of crlChecker()')
  }
  for (const [key, value] of Object.entries({ name, instance })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) refuse(key, value, 'a string')
  }
  checkCount('maxEvents', maxEvents, 100_000)
  checkCount('maxClients', maxClients, 10_000)
  if (now !== undefined && typeof now !== 'function') {
    refuse('now', now, 'a function that returns milliseconds since the epoch')
  }
  if (outbound !== undefined && !(Array.isArray(outbound) && outbound.every(isOutbound))) {
    refuse('outbound', outbound, 'a list of { name, origin, expects }')
  }
  return options as ReturnType<typeof checkOptions>
}

/** The console shows the rights of all clients, so it needs rules that name the operators. */
function checkRules (rules: unknown): void {
  if (rules === undefined) {
    throw new MTLS_ERR_CONSOLE_OPTION(
      'allowedClients is missing; expected rules that name the operators, such as { ou: "operations" }'
    )
  }
  const list: readonly unknown[] = Array.isArray(rules) ? rules : [rules]
  if (list.length === 0 || rules === null) {
    refuse('allowedClients', rules, 'rules that name the operators, such as { ou: "operations" }')
  }
  const word = ['public', 'authenticated'].find((one) => list.includes(one))
  if (word !== undefined) {
    throw new MTLS_ERR_CONSOLE_OPTION(
    `allowedClients is "${word}"; expected rules that name the operators: the console shows every rule and every client`
    )
  }
}

function checkCredentials (credentials: unknown): void {
  const found = credentials as Partial<CredentialSource> | null | undefined
  if (typeof found === 'object' &&
    found !== null &&
    typeof found.subscribe === 'function' &&
    found.current?.identity !== undefined) return
  refuse(
    'credentials',
    credentials,
    `a source such as that of fileCredentials()${isThenable(found) ? ' (await it)' : ''}`
  )
}

function checkCount (name: string, value: unknown, most: number): void {
  if (value !== undefined && !(Number.isInteger(value) && (value as number) > 0 && (value as number) <= most)) {
    refuse(name, value, `an integer from 1 to ${most}`)
  }
}

function isOutbound (service: unknown): boolean {
  const { name, origin, expects } = (service ?? {}) as Partial<OutboundService>
  return typeof name === 'string' &&
    typeof origin === 'string' &&
    (expects === undefined || typeof expects === 'string')
}

function refuse (name: string, found: unknown, expected: string): never {
  const shown = typeof found === 'string'
    ? JSON.stringify(found)
    : Array.isArray(found) ? 'a list' : typeof found === 'object' && found !== null ? 'an object' : String(found)
  throw new MTLS_ERR_CONSOLE_OPTION(`${name} is ${shown}; expected ${expected}`)
}
