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
