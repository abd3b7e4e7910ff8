import { IS_PUBLIC, checkOption } from '@peerkit/identity/internal'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { ServerOptionError } from '../errors.ts'
import type { FastifyMtlsOptions } from '../plugin-options.ts'
import { checkPreflights } from '../request/preflight.ts'
import { CLIENT_CERTIFICATE } from './server-options.ts'

type App = FastifyInstance<any, any, any, any>

export interface AppCheckOptions {
  /** Whether the server accepts clients without a certificate. */
  readonly allowAnonymous: boolean
  /** The option `gateOnly`: the app has no plugin, and needs none. */
  readonly gateOnly: boolean
  /** Whether `withMtls` did not make the server. It may have routes for everyone, so routes are only warned of. */
  readonly isPlain?: boolean
}

interface Seen { readonly name: string, readonly instance: object, readonly route: RouteOptions }

interface Registered { readonly instance: App, readonly keys: readonly string[] }

/** What a route or a plugin can be given that only has an effect inside `config`. */
const ROUTE_KEYS = ['clientCertificate', 'allowedClients', 'allowedClientsMode'] as const
/** Misspelt names of `clientCertificate`, which would have no effect. */
const NEAR_MISS = /^client[-_]?cert(?:s|ificates?|if[a-z]{3,8})?$/i
/** How many routes an error names. */
const MAX_NAMED = 5

/**
 * Checks at the start that nothing of an app is open by mistake: that a plugin identifies the clients of every route,
 * and that what routes declare has an effect.
 */
export class AppCheck {
  readonly #options: AppCheckOptions
  readonly #routes: Seen[] = []
  readonly #registered: Registered[] = []
  #app: App | undefined
  readonly #plugins: App[] = []
  #isForwarding = false
  #answersPreflights = false

  constructor (options: AppCheckOptions) {
    this.#options = options
  }

  /** Whether every client of this app presents a certificate of its own. */
  get requiresCertificate (): boolean {
    return !this.#options.allowAnonymous && !this.#isForwarding
  }

  /** Whether @peerkit/fastify-mtls identifies the clients of routes. */
  get isIdentifying (): boolean { return this.#plugins.length > 0 }

  /** The root instance, once it is known. */
  get app (): App | undefined { return this.#app }

  /** Watches an app from its creation on, or from now on. */
  watch (app: App): void {
    if (this.#app !== undefined) return
    this.#app = app
    const { routes, registered } = { routes: this.#routes, registered: this.#registered }
    app.addHook('onRoute', function (this: App, route: RouteOptions) {
      checkRouteOptions(route)
      routes.push({ name: nameRoute(route), instance: this, route })
    })
    app.addHook('onRegister', (instance: App, options: object) => {
      const keys = ROUTE_KEYS.filter((key) => Object.hasOwn(options, key))
      if (keys.length > 0) registered.push({ instance, keys })
    })
    app.addHook('onReady', async () => { this.#checkReady(app) })
  }

  /** The plugin was registered on this instance. @throws ServerOptionError */
  register (plugin: App, { forwarded, corsPreflights = false }: FastifyMtlsOptions): void {
    if (this.#options.gateOnly) {
      throw new ServerOptionError(
        'found mtls.gateOnly on an app that registers @peerkit/fastify-mtls; expected one of them'
      )
    }
    this.#plugins.push(plugin)
    this.#isForwarding ||= forwarded !== undefined
    this.#answersPreflights ||= corsPreflights
    this.watch(rootOf(plugin))
  }

  /** Why the server must not listen; undefined if it may. */
  findListenFault (): Error | undefined {
    if (this.#options.gateOnly || this.#plugins.length > 0 || hasRules(this.#app)) return undefined
    return new ServerOptionError(
      'the app of withMtls does not listen, because no plugin identifies its clients; expected ' +
        'await app.register(fastifyMtls) before the routes. If a certificate that the server accepts is all that is ' +
        'needed, write withMtls(credentials, { mtls: { gateOnly: true } })'
    )
  }

  /** @throws ServerOptionError */
  #checkReady (app: App): void {
    if (!hasRules(app)) this.#checkUnruled()
    this.#checkRegistered()
    const [plugin] = this.#plugins
    if (plugin === undefined) return
    if (this.#answersPreflights) checkPreflights(app, this.#routes, this.requiresCertificate)
    if (this.requiresCertificate) this.#checkOptionalRoutes()
    else this.#checkCovered(plugin)
  }

  /** Rules without the plugin that enforces them. */
  #checkUnruled (): void {
    for (const { name, route } of this.#routes) {
      const config = route.config as Record<string, unknown> | undefined
      const key = ['allowedClients', 'allowedClientsMode'].find((one) => config?.[one] !== undefined || one in route)
      if (key === undefined) continue
      throw new ServerOptionError(
        `${name}: config.${key} has no effect, because @peerkit/fastify-allowed-clients is not registered; ` +
          'register it after @peerkit/fastify-mtls and before the routes'
      )
    }
  }

  /** Options of `app.register` that the registered plugin does not pass on to its routes. */
  #checkRegistered (): void {
    for (const { instance, keys } of this.#registered) {
      const inside = this.#routes.filter((seen) => isWithin(seen.instance, instance))
      const lost = keys.find((key) => key === 'clientCertificate' || !hasRules(this.#app)
        ? !inside.some(({ route }) => (route.config as Record<string, unknown> | undefined)?.[key] !== undefined)
        : false)
      if (lost === undefined) continue
      throw new ServerOptionError(
        `app.register() with the prefix "${instance.prefix}" got the option ${lost}, ` +
          'which no route of the plugin has ' +
          `in its config; expected config.${lost} on each route`
      )
    }
  }

  #checkOptionalRoutes (): void {
    const names = this.#routes.filter(({ route }) => certificateOf(route) === 'optional').map(({ name }) => name)
    if (names.length === 0) return
    throw new ServerOptionError(
      `${listNames(names)}: config.clientCertificate is "optional", but the server refuses clients without a ` +
        "certificate in the handshake; expected withMtls(credentials, { mtls: { clientCertificate: 'optional' } }), " +
        'or no such route'
    )
  }

  /** Routes outside of the scope in which the plugin was registered, which its hook does not run for. */
  #checkCovered (plugin: App): void {
    const open = this.#routes
      .filter(({ instance, route }) => certificateOf(route) !== 'optional' &&
        !this.#plugins.some((each) => isWithin(instance, each)))
    if (open.length === 0) return
    if (this.#options.isPlain === true) {
      plugin.log.warn(
        { routes: open.map(({ name }) => name) },
        'these routes answer everyone: @peerkit/fastify-mtls was registered in an encapsulated plugin without them'
      )
      return
    }
    throw new ServerOptionError(
      `${listNames(open.map(({ name }) => name))}: no plugin identifies the clients of this route, because ` +
        '@peerkit/fastify-mtls was registered in an encapsulated plugin, and the server accepts clients without a ' +
        'certificate; register it on the root instance, or wrap every plugin around it with fastify-plugin. With ' +
        'fastify-cli, wrap app.js too: export default fp(async (app, opts) => { … }), and start with --options. ' +
        "A route for everyone says config: { clientCertificate: 'optional' }"
    )
  }
}

/** Encapsulated instances inherit from the one they were registered on, and the root from Fastify's own prototype. */
export function rootOf (instance: App): App {
  let root = instance
  for (let next = Object.getPrototypeOf(root); next !== null &&
    Object.getPrototypeOf(next) !== null; next = Object.getPrototypeOf(next)) root = next
  return root
}

function isWithin (instance: object, scope: object): boolean {
  return instance === scope || Object.prototype.isPrototypeOf.call(scope, instance)
}

/** The name of a route in errors, such as `GET /invoices`. */
function nameRoute ({ method, url }: Pick<RouteOptions, 'method' | 'url'>): string {
  return `${[method].flat().join(',')} ${url}`
}

/** Refuses `clientCertificate` where it would have no effect. @throws ServerOptionError naming the route */
function checkRouteOptions (route: RouteOptions): void {
  const name = nameRoute(route)
  if ('clientCertificate' in route) {
    throw new ServerOptionError(
      `${name}: found clientCertificate beside config; expected it inside: { config: { clientCertificate: ` +
        '\'optional\' } }'
    )
  }
  const config = (route.config ?? {}) as { clientCertificate?: unknown }
  for (const key of Object.keys(config)) {
    if (key === 'clientCertificate' || !NEAR_MISS.test(key)) continue
    throw new ServerOptionError(`${name}: unknown key "${key}" of config; did you mean "clientCertificate"?`)
  }
  if (config.clientCertificate === 'none') {
    throw new ServerOptionError(
      `${name}: config.clientCertificate is "none"; expected "optional", which answers clients without a ` +
        'certificate too'
    )
  }
  const where = `${name}: config.clientCertificate`
  checkOption(config.clientCertificate, CLIENT_CERTIFICATE, where, ServerOptionError)
}

/** Whether @peerkit/fastify-allowed-clients is registered. */
function hasRules (app: App | undefined): boolean {
  return app !== undefined && IS_PUBLIC in app
}

function certificateOf ({ config }: RouteOptions): unknown {
  return (config as { clientCertificate?: unknown } | undefined)?.clientCertificate
}

function listNames (names: readonly string[]): string {
  const left = names.length - MAX_NAMED
  return names.slice(0, MAX_NAMED).join('; ') + (left > 0 ? ` and ${left} more` : '')
}
