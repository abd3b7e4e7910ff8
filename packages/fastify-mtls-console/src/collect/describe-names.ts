import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { AuthorityNames } from '@peerkit/trust'
import { clip } from '@peerkit/identity/internal'

/** The names that an authority vouches for, as text. */
export interface NamesInWords {
  /** A line for each kind: `DNS names within partner.example`. */
  readonly believed: readonly string[]
  /** `DNS name`, `subject`: kinds that the authority does not vouch for. Rules do not see them. */
  readonly notBelieved: readonly string[]
}

interface KindWords { readonly one: string, readonly within: string }

const KINDS: Readonly<Record<ClaimKind, KindWords>> = {
  subject: { one: 'subject', within: 'subjects with' },
  spiffe: { one: 'SPIFFE ID', within: 'SPIFFE IDs within' },
  dns: { one: 'DNS name', within: 'DNS names within' },
  uri: { one: 'other URI', within: 'other URIs within' },
  email: { one: 'mail address', within: 'mail addresses within' },
  ip: { one: 'IP address', within: 'IP addresses within' },
  upn: { one: 'user principal name', within: 'user principal names within' },
  policy: { one: 'certificate policy', within: 'certificate policies' }
}

export function describeNames (names: AuthorityNames): NamesInWords {
  if (names === 'any') return { believed: ['every name'], notBelieved: [] }
  const bounds = new NameBounds(names, 'names')
  const kinds = Object.keys(KINDS) as ClaimKind[]
  const known = kinds.filter((kind) => bounds.vouchesFor(kind))
  const believed = known.map((kind) => describeKind(kind, bounds.describe(kind)))
  return { believed: believed.length === 0 ? ['no name'] : believed, notBelieved: describeKinds(bounds.notBelieved) }
}

function describeKind (kind: ClaimKind, bound: string): string {
  const { one, within } = KINDS[kind]
  return bound === 'any' ? `any ${one}` : clip(`${within} ${bound}`) as string
}

export function describeKinds (kinds: readonly ClaimKind[]): readonly string[] {
  return kinds.map((kind) => KINDS[kind].one)
}
