import type { AllowedClients, ClientGroups, Mode } from './allowed-clients.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'

/** How a rules file is watched. */
export interface WatchOptions {
  /** Milliseconds between looks at the file, for file systems that report no events. Default 5000. */
  readonly interval?: number
  /** Milliseconds that the file must have been quiet before it is read. Default 100. */
  readonly settle?: number
}

/** Options of `@peerkit/fastify-allowed-clients`. */
export interface FastifyAllowedClientsOptions {
  /** Groups that rules name: `{ billing: { ou: 'billing' } }`. */
  readonly clients?: ClientGroups
  /** For routes that have no rules of their own and stand in no scope with rules. */
  readonly rules?: AllowedClients
  /** A JSON (`.json`) or YAML (`.yaml`, `.yml`) file with `clients`, `rules` and `routes`, beside those in code. */
  readonly file?: string | URL
  /** Whether a change of the file takes effect while running. Default true. */
  readonly watch?: boolean | WatchOptions
  /** `deny` (default): a route without any rules is closed. `allow`: it is open to every identified client. */
  readonly unruledRoutes?: 'deny' | 'allow'
  /** Who is told that no route matches (404, the not-found handlers). Default: as for an unruled route. */
  readonly notFound?: AllowedClients
  /** `report` lets through what the rules would deny, and says so. Default `enforce`. */
  readonly mode?: Mode
  /** Whether documents of `@fastify/swagger` (OpenAPI 3.1) name mutual TLS. Default true. */
  readonly openapi?: boolean
}

/** Options of a scope. */
export interface ScopeOptions {
  /** Who may call the routes of this scope. */
  readonly rules?: AllowedClients
  /** Let a route's own rules stand in place of these, and its mode apply to these. Default false: both must allow. */
  readonly mayWiden?: boolean
  /** For the rules of this scope and of all inside it. */
  readonly mode?: Mode
}

const KEYS = ['clients', 'rules', 'file', 'watch', 'unruledRoutes', 'notFound', 'mode', 'openapi']

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkPluginOptions (options: FastifyAllowedClientsOptions): void {
  checkKeys(options, KEYS, 'the plugin')
  checkOneOf(options.mode, ['enforce', 'report'], 'mode')
  checkOneOf(options.unruledRoutes, ['deny', 'allow'], 'unruledRoutes')
  checkOneOf(options.openapi, [true, false], 'openapi')
  const { watch, file } = options
  if (file !== undefined && !(typeof file === 'string' && file !== '') && !(file instanceof URL)) refuse('file', file, 'a path or a file URL')
  if (watch === undefined || typeof watch === 'boolean') return
  if (typeof watch !== 'object' || watch === null) refuse('watch', watch, 'true, false or { interval, settle }')
  checkKeys(watch, ['interval', 'settle'], 'watch')
  for (const key of ['interval', 'settle'] as const) {
    const value = watch[key]
    if (value !== undefined && !(Number.isInteger(value) && value > 0 && value < 2 ** 31)) refuse(`watch.${key}`, value, 'a whole number of milliseconds above 0')
  }
}

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkScopeOptions (options: ScopeOptions, where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) refuse(where, options, 'an object with rules, mayWiden or mode')
  checkKeys(options, ['rules', 'mayWiden', 'mode'], where)
  checkOneOf(options.mode, ['enforce', 'report'], `${where}: mode`)
  checkOneOf(options.mayWiden, [true, false], `${where}: mayWiden`)
  if (options.rules === undefined && options.mode === undefined) refuse(where, options, 'rules or mode')
}

/** Names that were meant to be `allowedClients` or `allowedClientsMode` and would do nothing, silently. */
const NEAR_MISS = /^allow(?:ed|s)?[-_]?clients?(?:[-_]?mode)?$/i

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkRouteConfig (config: object, route: string): void {
  for (const key of Object.keys(config)) {
    if (key === 'allowedClients' || key === 'allowedClientsMode' || !NEAR_MISS.test(key)) continue
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${route}: config knows no "${key}"; did you mean "${/mode$/i.test(key) ? 'allowedClientsMode' : 'allowedClients'}"?`)
  }
  checkOneOf((config as { allowedClientsMode?: unknown }).allowedClientsMode, ['enforce', 'report'], `${route}: config.allowedClientsMode`)
}

function checkKeys (options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} knows no "${key}"; expected ${known.join(', ')}`)
  }
}

function checkOneOf (value: unknown, known: readonly unknown[], where: string): void {
  if (value !== undefined && !known.includes(value)) refuse(where, value, known.map((one) => JSON.stringify(one)).join(' or '))
}

function refuse (where: string, found: unknown, expected: string): never {
  const shown = typeof found === 'string' ? JSON.stringify(found) : Array.isArray(found) ? 'an array' : typeof found === 'object' && found !== null ? 'an object' : String(found)
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} is ${shown}; expected ${expected}`)
}
