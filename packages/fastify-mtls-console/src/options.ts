import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { RuleSet } from '@peerkit/rules'
import { MTLS_ERR_CONSOLE_OPTION } from './errors.ts'

/** A service that this one calls, for the page. `app.mtlsServices` of `@peerkit/fastify-mtls-client` is found by itself. */
export interface OutboundService {
  readonly name: string
  readonly origin: string
  /** Who must answer, for people: what `MtlsAgent.describeServers(origin)` says. */
  readonly expects?: string
}

/** Options of `@peerkit/fastify-mtls-console`. `prefix` is Fastify's own. */
export interface FastifyMtlsConsoleOptions {
  /** The path of the console, for example `/console`. */
  readonly prefix: string
  /** Who may read it: operators. There is no default, and `authenticated` and `public` are refused. */
  readonly allowedClients: RuleSet<string, any>
  /** The service's own credentials. Default: those of the app, which `withMtls` got. */
  readonly credentials?: CredentialSource
  /**
   * The checker whose lists are shown, and that is asked what a handshake asks, beside the credentials' own CRLs. Default:
   * that of the app.
   */
  readonly revocation?: RevocationChecker
  /** Calls made without `@peerkit/fastify-mtls-client`. */
  readonly outbound?: readonly OutboundService[]
  /** What the page calls the service. Default: the common name of its certificate. */
  readonly name?: string
  /** Which of several replicas this is. Default: the host's name. */
  readonly instance?: string
  /** Entries of each of the log's three shelves (clients, strangers, changes). Default 1000, at most 100,000. */
  readonly maxEvents?: number
  /** Clients remembered. Default 200, at most 10,000. */
  readonly maxClients?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

const KNOWN = ['prefix', 'allowedClients', 'credentials', 'revocation', 'outbound', 'name', 'instance', 'maxEvents', 'maxClients', 'now', 'logLevel', 'logSerializers']

/** @throws MTLS_ERR_CONSOLE_OPTION naming the option, what was found and what was expected */
export function checkOptions (options: FastifyMtlsConsoleOptions, prefix: string): FastifyMtlsConsoleOptions & Required<Pick<FastifyMtlsConsoleOptions, 'credentials'>> {
  for (const key of Object.keys(options)) if (!KNOWN.includes(key)) throw new MTLS_ERR_CONSOLE_OPTION(`unknown option "${key}"; expected one of ${KNOWN.join(', ')}`)
  if (prefix === '' || prefix === '/') throw new MTLS_ERR_CONSOLE_OPTION('prefix is missing; expected a path of its own, such as "/console"')
  checkRules(options.allowedClients)
  checkCredentials(options.credentials)
  const { revocation, outbound, name, instance, maxEvents, maxClients, now } = options
  if (revocation !== undefined && typeof (revocation as Partial<typeof revocation> | null)?.check !== 'function') refuse('revocation', revocation, 'a revocation checker, such as crlChecker() makes')
  for (const [key, value] of Object.entries({ name, instance })) if (value !== undefined && (typeof value !== 'string' || value === '')) refuse(key, value, 'a text')
  checkCount('maxEvents', maxEvents, 100_000)
  checkCount('maxClients', maxClients, 10_000)
  if (now !== undefined && typeof now !== 'function') refuse('now', now, 'a function that says milliseconds since the epoch')
  if (outbound !== undefined && !(Array.isArray(outbound) && outbound.every(isOutbound))) refuse('outbound', outbound, 'a list of { name, origin, expects }')
  return options as ReturnType<typeof checkOptions>
}

/** A map of everybody's rights is for operators. Who lets everybody read it has not said who they are. */
function checkRules (rules: unknown): void {
  if (rules === undefined) throw new MTLS_ERR_CONSOLE_OPTION('allowedClients is missing; expected rules that name the operators, such as { ou: "operations" }')
  const list: readonly unknown[] = Array.isArray(rules) ? rules : [rules]
  if (list.length === 0 || rules === null) refuse('allowedClients', rules, 'rules that name the operators, such as { ou: "operations" }')
  const word = ['public', 'authenticated'].find((one) => list.includes(one))
  if (word !== undefined) throw new MTLS_ERR_CONSOLE_OPTION(`allowedClients is "${word}"; expected rules that name the operators: the console shows every rule and every client`)
}

function checkCredentials (credentials: unknown): void {
  const found = credentials as Partial<CredentialSource> | null | undefined
  if (typeof found === 'object' && found !== null && typeof found.subscribe === 'function' && found.current?.identity !== undefined) return
  refuse('credentials', credentials, `a source such as fileCredentials() gives${found instanceof Promise ? ' (await it)' : ''}`)
}

function checkCount (name: string, value: unknown, most: number): void {
  if (value !== undefined && !(Number.isInteger(value) && (value as number) > 0 && (value as number) <= most)) refuse(name, value, `a whole number from 1 to ${most}`)
}

function isOutbound (service: unknown): boolean {
  const { name, origin, expects } = (service ?? {}) as Partial<OutboundService>
  return typeof name === 'string' && typeof origin === 'string' && (expects === undefined || typeof expects === 'string')
}

function refuse (name: string, found: unknown, expected: string): never {
  const shown = typeof found === 'string' ? JSON.stringify(found) : Array.isArray(found) ? 'a list' : typeof found === 'object' && found !== null ? 'an object' : String(found)
  throw new MTLS_ERR_CONSOLE_OPTION(`${name} is ${shown}; expected ${expected}`)
}
