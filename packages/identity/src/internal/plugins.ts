/**
 * Symbols by which the plugins find each other without an import, since each works without the others. They are
 * registered: other plugins may use those that a README documents.
 */

/**
 * On an onRequest hook, with the value true: the hook identifies the client. Only such hooks run before authorization.
 */
export const IDENTIFIES: unique symbol = Symbol.for('peerkit.identifies')

/** On the app, set by fastify-allowed-clients: returns whether the rules for a request need no certificate. */
export const IS_PUBLIC: unique symbol = Symbol.for('peerkit.isPublic')

/** Whether fastify-allowed-clients is registered, so that rules decide about the requests of an app. */
export function hasRules (app: object): boolean { return IS_PUBLIC in app }

/** On the app, set by fastify-mtls: returns whether a request is a CORS preflight that needs no certificate. */
export const IS_PREFLIGHT: unique symbol = Symbol.for('peerkit.isPreflight')

/**
 * On an onRequest hook, with the value true: the hook stays ahead of authorization, such as a rate limit that counts
 * denied clients too. What it answers below 400 is authorized before it is sent.
 */
export const BEFORE_RULES: unique symbol = Symbol.for('peerkit.beforeRules')

/**
 * On the HTTP server, set by the plugin that verifies certificates: a function that lists the authorities for rules.
 */
export const AUTHORITIES: unique symbol = Symbol.for('peerkit.authorities')

/**
 * On the HTTP server, set by the plugin that verifies certificates: a function that returns the time by which it
 * decides, in milliseconds since the epoch.
 */
export const CLOCK: unique symbol = Symbol.for('peerkit.clock')

/** On the HTTP server: a function that returns whether every client must present a certificate in the handshake. */
export const REQUIRES_CERTIFICATE: unique symbol = Symbol.for('peerkit.requiresCertificate')

/** On the HTTP server: a function that takes the guard of upgrades that no route gets. */
export const GUARD_UPGRADES: unique symbol = Symbol.for('peerkit.guardUpgrades')

/** The part of a Fastify instance that is needed here. */
export interface DecorableApp {
  decorate (name: string, value: unknown): unknown
}

/** Key on the root instance: the prototype of every `app.mtls`. Encapsulated instances inherit it. */
const PROTOTYPE: unique symbol = Symbol.for('peerkit.app.mtls')
/** Key on each `app.mtls`: the instance on which it was accessed. */
const INSTANCE: unique symbol = Symbol('peerkit.instance')

interface View { readonly [INSTANCE]: object }

/**
 * Adds members to `app.mtls`, which holds everything that the plugins of this suite add to an app. The decorator is
 * a getter, so it knows the encapsulated instance on which it was accessed: `scope.mtls.allow(…)` applies to that
 * scope.
 *
 * @param members for each name, a function that returns its value for the instance
 */
export function addToApp<App extends DecorableApp> (
  app: App,
  members: Readonly<Record<string, (instance: App) => unknown>>
): void {
  const prototype = prototypeOf(app)
  for (const [name, give] of Object.entries(members)) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      configurable: true,
      get (this: View) {
        return give(this[INSTANCE] as App)
      }
    })
  }
}

function prototypeOf (app: DecorableApp): object {
  const holder = app as { [PROTOTYPE]?: object }
  if (holder[PROTOTYPE] !== undefined) return holder[PROTOTYPE]
  const prototype = {}
  const views = new WeakMap<object, View>()
  holder[PROTOTYPE] = prototype
  app.decorate('mtls', {
    getter (this: object) {
      let view = views.get(this)
      if (view === undefined) views.set(this, view = Object.create(prototype, { [INSTANCE]: { value: this } }) as View)
      return view
    }
  })
  return prototype
}
