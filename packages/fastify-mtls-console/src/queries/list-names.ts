import type { PeerIdentity } from '@peerkit/identity'

/** The alternative names with their types: `DNS api.internal`, `URI spiffe://…`. */
export function listNames ({ subjectAltNames }: PeerIdentity): readonly string[] {
  if (subjectAltNames === undefined) return []
  const { dns, uri, email, ip } = subjectAltNames
  const kinds = [['DNS', dns], ['URI', uri], ['e-mail', email], ['IP', ip]] as const
  return kinds.flatMap(([kind, values]) => values.map((value) => `${kind} ${value}`))
}
