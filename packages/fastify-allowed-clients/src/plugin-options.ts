import { extname } from 'node:path'
import {
  anything, checkOption, choice, defineOptions, describeValue, duration, flag, func, valueOf, wrongOption
} from '@peerkit/identity/internal'
import type { Predicate, RuleSet } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'
import { AllowedClientsOptionError } from './errors.ts'
import type { RulesChange } from './rules-file/rules-change.ts'

/**
 * Declare your groups here to have their names checked:
 * `declare module '@peerkit/fastify-allowed-clients' { interface AllowedClientsGroups { billing: true } }`.
 */
export interface AllowedClientsGroups {}

/** The names of the declared groups; any string if none is declared. */
export type GroupName = [keyof AllowedClientsGroups] extends [never]
  ? string
  : Extract<keyof AllowedClientsGroups, string>

/**
 * A function that returns whether a peer may make a request. It is called on every request that no other rule allows.
 */
export type ClientPredicate = Predicate<FastifyRequest>

/**
 * Which clients may call a route: a rule, the name of a group, a function, or a list of them of which any may allow. Or
 * one of two strings, which cannot be combined with others:
 *
 * - `'authenticated'`: every client with an accepted certificate
 * - `'public'`: clients without a certificate too, if the server accepts their connections. Use it for a health check
 */
export type AllowedClients = 'authenticated' | 'public' | RuleSet<GroupName, FastifyRequest>

/** Groups by name. A group may name other groups. */
export type ClientGroups = { readonly [name in GroupName]?: RuleSet<GroupName, FastifyRequest> }

/** `enforce` denies what the rules do not allow. `report-only` lets it pass, and logs what would have been denied. */
export type Mode = 'enforce' | 'report-only'

/**
 * Which values of a client's certificate a denial does not state: all of them, e-mail addresses, or none. The identity
 * (`peer`, `fingerprint256`) is always stated.
 */
export type Redaction = 'all' | 'email' | 'none'

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
   * Called before a changed rules file comes into force, with the rules that come and go. If it throws, rejects or
   * returns `false`, the change is refused and the old rules stay in force. Other values than `true` and nothing refuse
   * it too. Not called for the first reading. Default: every valid change comes into force.
   */
  readonly onReload?: (change: RulesChange) => boolean | void | Promise<boolean | void>
  /**
   * Which clients get a 404 for a URL that no route matches. All others get 403, so that they cannot find out which
   * routes exist. Default: `defaultRules`.
   */
  readonly notFoundRules?: AllowedClients
  /** `report-only` lets requests pass that the rules would deny, and logs them. Default `enforce`. */
  readonly mode?: Mode
  /**
   * What @fastify/express or @fastify/middie mount answers requests that no route matches, so `notFoundRules` decide
   * who reaches it. Set it to `'notFoundRules'` if that is meant. Otherwise an app with such middleware, where those
   * rules allow anybody, does not start. Default: not set.
   */
  readonly middleware?: 'notFoundRules'
  /**
   * Which values found in a client's certificate a denial does not state, in `nearest.failed[].found` of the log line,
   * the event and the audit line: `all`, `email` or `none`. Default `email`: e-mail addresses, user principal names and
   * other names are personal data, and the certificate is known by its fingerprint.
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

/** What a rules file is read as. */
const EXTENSIONS = ['.json', '.yaml', '.yml']

/** Not a Map or another class: its entries would be no groups. */
function isObjectByName (value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}

function describeGroups (value: unknown): string {
  return value instanceof Map ? 'a Map' : value instanceof Set ? 'a Set' : describeValue(value)
}

const MODE = choice('enforce', 'report-only')
const OPTIONS = defineOptions<FastifyAllowedClientsOptions>(
  '@peerkit/fastify-allowed-clients',
  AllowedClientsOptionError,
  {
    groups: valueOf(
      "an object of rules by name, such as { billing: { ou: 'billing' } }", isObjectByName, describeGroups
    ),
    defaultRules: anything,
    file: valueOf('a path or a file URL', (file) => (typeof file === 'string' && file !== '') || file instanceof URL),
    watch: valueOf('true, false or { pollInterval, debounce }', (watch) => {
      return typeof watch === 'boolean' || (typeof watch === 'object' && watch !== null)
    }),
    onReload: func('a function that takes a change of the rules file'),
    notFoundRules: anything,
    mode: MODE,
    redactFound: choice('all', 'email', 'none'),
    middleware: choice('notFoundRules'),
    openapi: flag
  }
)
const DELAY = duration({ least: 1, whole: true })
const WATCH = defineOptions<WatchOptions>('watch', AllowedClientsOptionError, {
  pollInterval: DELAY, debounce: DELAY
})
const SCOPE = defineOptions<ScopeOptions>('a scope', AllowedClientsOptionError, { overridable: flag, mode: MODE })

/** @throws AllowedClientsOptionError */
export function checkPluginOptions (options: FastifyAllowedClientsOptions): void {
  if ('serverFactory' in options) {
    throw new AllowedClientsOptionError(
      'found the options of Fastify itself, as fastify-cli and @fastify/autoload pass them on to every plugin; ' +
        'expected a plugin around this one: fp(async (app) => { await app.register(fastifyAllowedClients, …) })'
    )
  }
  OPTIONS.check(options)
  const { file, watch, onReload } = options
  if (file !== undefined) checkExtension(file)
  else if (onReload !== undefined) {
    throw new AllowedClientsOptionError('onReload is set, but there is no file to reload; expected the option file')
  }
  if (typeof watch !== 'object') return
  WATCH.check(watch, 'watch')
  if (file === undefined) {
    throw new AllowedClientsOptionError(
      'watch has settings, but there is no file to watch; expected the option file, or no watch'
    )
  }
}

/** Another file would be read as YAML, which accepts nearly any text. */
function checkExtension (file: string | URL): void {
  const extension = extname(file instanceof URL ? file.pathname : file)
  if (EXTENSIONS.includes(extension.toLowerCase())) return
  const found = extension === '' ? 'a name without an extension' : `a name that ends in "${extension}"`
  throw wrongOption(AllowedClientsOptionError, 'file', found, 'a name that ends in .json, .yaml or .yml')
}

/** @throws AllowedClientsOptionError */
export function checkScopeOptions (options: ScopeOptions, where: string): void {
  SCOPE.check(options, `${where}: options`)
}

/** Misspelt names of `allowedClients` and `allowedClientsMode`, which would have no effect. */
const NEAR_MISS = /^allow(?:ed|s)?[-_]?clients?(?:[-_]?mode)?$/i

/** @throws AllowedClientsOptionError */
export function checkRouteConfig (options: object, config: object, route: string): void {
  for (const key of ['allowedClients', 'allowedClientsMode']) {
    if (!(key in options)) continue
    throw new AllowedClientsOptionError(
      `${route}: found ${key} beside config, where it has no effect; expected { config: { ${key}: … } }`
    )
  }
  for (const key of Object.keys(config)) {
    if (key === 'allowedClients' || key === 'allowedClientsMode' || !NEAR_MISS.test(key)) continue
    const meant = /mode$/i.test(key) ? 'allowedClientsMode' : 'allowedClients'
    throw new AllowedClientsOptionError(`${route}: unknown key "${key}" of config; did you mean "${meant}"?`)
  }
  const { allowedClientsMode: mode } = config as { allowedClientsMode?: unknown }
  checkOption(mode, MODE, `${route}: config.allowedClientsMode`, AllowedClientsOptionError)
}
