import type { RuleAuthority } from '@peerkit/rules'
import type { FastifyInstance } from 'fastify'

/** On the HTTP server, set by whoever verifies certificates there: a function that lists the authorities. */
const kAuthorities = Symbol.for('peerkit.authorities')

/** The authorities that rules are to be checked against; undefined where nobody knows them. */
export type ListAuthorities = () => readonly RuleAuthority[] | undefined

/**
 * Asks the server each time: what it trusts may change while it runs, and rules are compiled before and after that. A
 * symbol and not an import, since this plugin works with any other that finds out who the peer is.
 */
export function authoritiesOf ({ server }: Pick<FastifyInstance, 'server'>): ListAuthorities {
  return () => {
    const list = (server as { [kAuthorities]?: unknown })[kAuthorities]
    if (typeof list !== 'function') return undefined
    const authorities = list.call(server) as readonly RuleAuthority[] | undefined
    // A server without authorities has none to check against, which is not that no certificate is believed.
    return authorities?.length === 0 ? undefined : authorities
  }
}

/** The part of a trust source that is used; @peerkit/credentials has the whole. */
interface LiveAuthorities {
  readonly current: { readonly authorities: ReadonlyArray<{ readonly name: string, readonly for: unknown, readonly names: unknown }> }
  subscribe (listener: (change: { readonly type: string }) => void): () => void
}

/**
 * Calls back when an app gets other authorities, or when they vouch for other names. A new CRL is no such change.
 *
 * @returns ends it
 */
export function watchAuthorities (app: object, changed: () => void): () => void {
  const { mtls } = app as { readonly mtls?: { readonly trust?: LiveAuthorities | undefined } }
  const trust = mtls?.trust
  if (trust === undefined) return () => {}
  const write = (): string => JSON.stringify(trust.current.authorities.map(({ name, for: use, names }) => [name, use, names]))
  let known = write()
  return trust.subscribe(({ type }) => {
    if (type !== 'rotated') return
    const next = write()
    if (next === known) return
    known = next
    changed()
  })
}
