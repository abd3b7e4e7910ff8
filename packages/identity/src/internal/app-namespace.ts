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
