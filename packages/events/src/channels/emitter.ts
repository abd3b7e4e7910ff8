/**
 * Key of the emitter in a message. A symbol, so that JSON, structured clones and logs leave it out. Registered, so that
 * two copies of this package understand each other.
 */
export const EMITTER: unique symbol = Symbol.for('peerkit.emitter')

/** The fields of every message. `v` changes when a field changes its meaning or is removed, not when one is added. */
export interface EventMessage {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
  /**
   * Returns the object that published the message. A function, so that nothing that prints a message prints the object,
   * which may hold a private key. Read it with `emitterOf`.
   */
  readonly [EMITTER]?: () => object
}

/**
 * Returns the object that published a message. For handshakes, connections, forwarded clients, requests and rules it is
 * the HTTP server of the app (`app.server`). For others it is the credentials, the revocation checker, the agent or the
 * watch.
 *
 * @returns undefined for a message that does not name one
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * const stop = listen({
 *   'peerkit:request:denied': (message) => { console.log(emitterOf(message) === app.server) }
 * })
 * stop()
 * await app.close()
 * ```
 */
export function emitterOf (message: EventMessage): object | undefined {
  return message[EMITTER]?.()
}

/** One object belongs to another. An app belongs to itself. */
interface Belonging { readonly owner: object }

interface Registry { readonly owners: WeakMap<object, Set<Belonging>> }

/** Shared by all copies of this package in the process. */
const REGISTRY = Symbol.for('peerkit.emitters')

function owners (): Registry['owners'] {
  const holder = globalThis as { [REGISTRY]?: Registry }
  holder[REGISTRY] ??= { owners: new WeakMap() }
  return holder[REGISTRY].owners
}

/**
 * States that emitters belong to an app. Their messages are then for the listeners of this app, and not for those of
 * other apps. One emitter may belong to several apps.
 *
 * The plugins call it for the credentials, checkers and agents that they get.
 *
 * @param server the HTTP server of the app, which stands for it
 * @param emitters undefined ones are left out
 * @returns a function that takes it back; call it when the app closes
 * @example
 * ```ts
 * const app = Fastify()
 * const leave = joinApp(app.server, credentials)
 * app.addHook('onClose', async () => { leave() })
 * await app.close()
 * ```
 */
export function joinApp (server: object, ...emitters: ReadonlyArray<object | undefined>): () => void {
  const ends = [server, ...emitters].map((emitter) => emitter === undefined ? () => {} : belong(emitter, server))
  return () => { for (const end of ends) end() }
}

/**
 * States that an emitter is a part of another one, such as the list of a checker. It belongs to the same apps.
 *
 * @param part the emitter inside
 * @param whole the emitter around it
 * @returns a function that takes it back. Call it if the part outlives the whole
 * @example
 * ```ts
 * const inner = crlChecker({ crls: [(await ca.crl()).pem], issuers: [parsePeerIdentity(ca.der)] })
 * const outer = { ...inner, permits: () => true }
 * joinEmitter(inner, outer)
 * ```
 */
export function joinEmitter (part: object, whole: object): () => void {
  for (const { owner } of owners().get(part) ?? []) if (owner === whole) return () => {}
  return belong(part, whole)
}

function belong (part: object, owner: object): () => void {
  const known = owners()
  let all = known.get(part)
  if (all === undefined) known.set(part, all = new Set())
  const belonging: Belonging = { owner }
  all.add(belonging)
  return () => { all.delete(belonging) }
}

/**
 * Whether a message is for the listeners of an app: the emitter belongs to it, or to no app. A message that nobody else
 * hears must not be lost, so what is not known to be of another app is heard.
 */
export function concerns (message: EventMessage, server: object): boolean {
  const emitter = emitterOf(message)
  if (emitter === undefined || emitter === server) return true
  let isOfApp = false
  const seen = new Set<object>([emitter])
  for (const one of seen) {
    for (const { owner } of owners().get(one) ?? []) {
      if (owner === server) return true
      if (owner === one) isOfApp = true
      seen.add(owner)
    }
  }
  return !isOfApp
}
