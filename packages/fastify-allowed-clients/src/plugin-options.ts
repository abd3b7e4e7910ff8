import type { AllowedClients, ClientGroups, Mode } from './allowed-clients.ts'
import { MTLS_ERR_ALLOWED_CLIENTS_OPTION } from './errors.ts'
import { REDACTIONS } from './redact-found.ts'
import type { Redaction } from './redact-found.ts'

/** How a rules file is watched. */
export interface WatchOptions {
  /** Milliseconds between two checks of the file, for file systems that report no events. Default 5,000. */
  readonly pollInterval?: number
  /** Milliseconds without a change before the file is read. Default 100. */
  readonly debounce?: number
}

/** Options of `@peerkit/fastify-allowed-clients`. */
export interface FastifyAllowedClientsOptions {
  /** Groups by name, for use in rules: `{ billing: { ou: 'billing' } }`. Default: none. */
  readonly groups?: ClientGroups
  /**
   * Which clients may call a route that has no rules of its own and is in no scope with rules. Default: none, so such a
   * route answers 403.
   */
  readonly defaultRules?: AllowedClients
  /**
   * A JSON (`.json`) or YAML (`.yaml`, `.yml`) file with `groups`, `defaultRules` and `routes`, in addition to those in
   * code. Default: none.
   */
  readonly file?: string | URL
  /** Whether a change of the file takes effect while the app runs. Default true. */
  readonly watch?: boolean | WatchOptions
  /**
   * Which clients get a 404 for a URL that no route matches. All others get 403, so that they cannot find out which
   * routes exist. Default: `defaultRules`.
   */
  readonly notFoundRules?: AllowedClients
  /** `report-only` lets requests pass that the rules would deny, and logs them. Default `enforce`. */
  readonly mode?: Mode
  /**
   * Which values found in a client's certificate a denial does not state, in `nearest.failed[].found` of the log line,
   * the event and the audit line: `all`, `email` or `none`. Default `email`: addresses are personal data, and the
   * certificate is known by its fingerprint.
   */
  readonly redactFound?: Redaction
  /** Whether to add mutual TLS to documents of `@fastify/swagger` (OpenAPI 3.1). Default true. */
  readonly openapi?: boolean
}

/** Options of the rules of a scope. */
export interface ScopeOptions {
  /**
   * Lets routes inside the scope replace these rules by their own, and set the mode of these rules. Default false: the
   * scope and the route must both allow the client.
   */
  readonly overridable?: boolean
  /** The mode of the rules of this scope and of those inside it. Default: the mode of the surrounding scope or app. */
  readonly mode?: Mode
}

const KEYS = ['groups', 'defaultRules', 'file', 'watch', 'notFoundRules', 'mode', 'redactFound', 'openapi']
export const MODES: readonly Mode[] = ['enforce', 'report-only']

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkPluginOptions (options: FastifyAllowedClientsOptions): void {
  if ('serverFactory' in options) {
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION('found the options of Fastify itself, as fastify-cli and @fastify/autoload pass them on to every plugin; expected a plugin around this one: fp(async (app) => { await app.register(fastifyAllowedClients, …) })')
  }
  checkKeys(options, KEYS, 'the plugin')
  checkOneOf(options.mode, MODES, 'mode')
  checkOneOf(options.redactFound, REDACTIONS, 'redactFound')
  checkOneOf(options.openapi, [true, false], 'openapi')
  const { watch, file } = options
  if (file !== undefined && !(typeof file === 'string' && file !== '') && !(file instanceof URL)) {
    refuse('file', file, 'a path or a file URL')
  }
  if (watch === undefined || typeof watch === 'boolean') return
  if (typeof watch !== 'object' || watch === null) refuse('watch', watch, 'true, false or { pollInterval, debounce }')
  checkKeys(watch, ['pollInterval', 'debounce'], 'watch')
  for (const key of ['pollInterval', 'debounce'] as const) {
    const value = watch[key]
    if (value !== undefined && !(Number.isInteger(value) && value > 0 && value < 2 ** 31)) {
      refuse(`watch.${key}`, value, 'a whole number of milliseconds above 0')
    }
  }
}

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkScopeOptions (options: ScopeOptions, where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    refuse(`${where}: options`, options, 'an object with overridable or mode')
  }
  checkKeys(options, ['overridable', 'mode'], where)
  checkMode(options.mode, `${where}: mode`)
  checkOneOf(options.overridable, [true, false], `${where}: overridable`)
}

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkMode (mode: unknown, where: string): void {
  checkOneOf(mode, MODES, where)
}

/** Misspelt names of `allowedClients` and `allowedClientsMode`, which would have no effect. */
const NEAR_MISS = /^allow(?:ed|s)?[-_]?clients?(?:[-_]?mode)?$/i

/** @throws MTLS_ERR_ALLOWED_CLIENTS_OPTION */
export function checkRouteConfig (config: object, route: string): void {
  for (const key of Object.keys(config)) {
    if (key === 'allowedClients' || key === 'allowedClientsMode' || !NEAR_MISS.test(key)) continue
    const meant = /mode$/i.test(key) ? 'allowedClientsMode' : 'allowedClients'
    throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${route}: unknown key "${key}" of config; did you mean "${meant}"?`)
  }
  checkMode((config as { allowedClientsMode?: unknown }).allowedClientsMode, `${route}: config.allowedClientsMode`)
}

function checkKeys (options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(
        `unknown option "${key}" for ${where}; expected one of ${known.join(', ')}`
      )
    }
  }
}

function checkOneOf (value: unknown, known: readonly unknown[], where: string): void {
  if (value !== undefined && !known.includes(value)) {
    refuse(where, value, known.map((one) => JSON.stringify(one)).join(' or '))
  }
}

function refuse (where: string, found: unknown, expected: string): never {
  const shown = typeof found === 'string'
    ? JSON.stringify(found)
    : Array.isArray(found) ? 'an array' : typeof found === 'object' && found !== null ? 'an object' : String(found)
  throw new MTLS_ERR_ALLOWED_CLIENTS_OPTION(`${where} is ${shown}; expected ${expected}`)
}
