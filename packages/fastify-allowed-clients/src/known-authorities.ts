import type { TrustSource } from '@peerkit/credentials'
import { AUTHORITIES } from '@peerkit/identity/internal'
import type { RuleAuthority } from '@peerkit/rules'
import type { FastifyInstance } from 'fastify'

/** Returns the authorities that rules are checked against; undefined if they are unknown. */
export type ListAuthorities = () => readonly RuleAuthority[] | undefined

/**
 * Reads the authorities from the server each time, since they may change while it runs. It uses a symbol, not an
 * import, since this plugin works with any plugin that identifies clients.
 */
export function authoritiesOf ({ server }: Pick<FastifyInstance, 'server'>): ListAuthorities {
  return () => {
    const list = (server as { [AUTHORITIES]?: unknown })[AUTHORITIES]
    if (typeof list !== 'function') return undefined
    const authorities = list.call(server) as readonly RuleAuthority[] | undefined
    // An empty list means that the authorities are unknown, not that no certificate is accepted.
    return authorities?.length === 0 ? undefined : authorities
  }
}

/**
 * Calls back when the authorities of an app change, or the names that they vouch for. A new CRL is not such a change.
 *
 * @returns stops it
 */
export function watchAuthorities (app: object, changed: () => void): () => void {
  const { mtls } = app as {
    readonly mtls?: { readonly trust?: Pick<TrustSource, 'current' | 'subscribe'> | undefined }
  }
  const trust = mtls?.trust
  if (trust === undefined) return () => {}
  const write = (): string => JSON.stringify(
    trust.current.authorities.map(({ name, for: use, names }) => [name, use, names])
  )
  let known = write()
  return trust.subscribe(({ type }) => {
    if (type !== 'rotated') return
    const next = write()
    if (next === known) return
    known = next
    changed()
  })
}
