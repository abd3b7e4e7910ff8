// Who must be served. It knows nothing of sockets, bytes or memories: a leaf is served while a path of signatures leads
// from it to a trusted CA, and every certificate of the path counts.
import { AUTHORITIES, CAS, FACTS } from './facts.ts'
import type { AuthorityFact, Fact, Root } from './facts.ts'

/** What one server was told, and what time it is there. */
export interface Trust {
  readonly roots: ReadonlySet<Root>
  /** Certificates on the lists that it has. */
  readonly revoked: ReadonlySet<string>
  /** Certificates that are not known to be good by OCSP. */
  readonly ocspBad: ReadonlySet<string>
  /** Entries of its block list, as `serial NAME` or `key NAME`. */
  readonly blocked: ReadonlySet<string>
  /** Whether it has the cross-signs as intermediates. */
  readonly crossSigned: boolean
  /** Hours since the start. */
  readonly time: number
}

/** A path that every check accepts: the leaf first, the root last, and the authority that vouches for it. */
export interface Accepted { readonly authority: string, readonly path: readonly string[] }

const factOf = (name: string): Fact => FACTS[name]!
/** Every CA certificate that its issuer really signed. */
export const GENUINE: readonly string[] = Object.keys(CAS).filter((name) => factOf(name).signer !== 'garbage')

function issued (issuer: string, child: string): boolean {
  const [{ subject, key }, below] = [factOf(issuer), factOf(child)]
  return subject === below.issuer && key === below.signer
}

/** Every path from a certificate to a root, through certificates of a pool. A CA is in a path once. */
function findPaths (from: readonly string[], pool: readonly string[], root: string): string[][] {
  const last = from.at(-1)!
  const isIn = (name: string): boolean =>
    from.some((other) => factOf(other).subject === factOf(name).subject && factOf(other).key === factOf(name).key)
  const ends = issued(root, last) && !isIn(root) ? [[...from, root]] : []
  const above = pool.filter((name) => name !== root && issued(name, last) && !isIn(name))
  return [...ends, ...above.flatMap((name) => findPaths([...from, name], pool, root))]
}

export function isBlocked (name: string, blocked: ReadonlySet<string>): boolean {
  return blocked.has(`serial ${name}`) || [...blocked].some((entry) => {
    const [kind, other = ''] = entry.split(' ')
    return kind === 'key' && factOf(other).key === factOf(name).key
  })
}

function isWithin (dns: string, { dns: bounds }: AuthorityFact): boolean {
  return bounds === undefined || bounds.some((bound) => dns.endsWith(`.${bound}`))
}

/** Whether every certificate of a path counts. */
export function isGood (path: readonly string[], authority: AuthorityFact, trust: Trust): boolean {
  const { lists } = authority
  const isListed = (name: string): boolean => lists!.some((issuer) => factOf(issuer).key === factOf(name).signer)
  return isWithin(factOf(path[0]!).dns ?? '', authority) &&
    path.every((name) => factOf(name).expired !== true && trust.time < (factOf(name).ends ?? Infinity)) &&
    path.every((name) => !isBlocked(name, trust.blocked)) &&
    path.slice(0, -1).every((name) => !trust.ocspBad.has(name)) &&
    (lists === undefined || path.slice(0, -1).every((name) => isListed(name) && !trust.revoked.has(name)))
}

/** Every way to accept a leaf, with certificates that were sent beside those that the server has. */
export function findAccepted (leaf: string, sent: readonly string[], trust: Trust): Accepted[] {
  return Object.entries(AUTHORITIES).filter(([, { root }]) => trust.roots.has(root)).flatMap(([name, authority]) => {
    const { root, listSigners, intermediates, crossSigns } = authority
    const pool = [...new Set([...sent, ...listSigners, ...intermediates, ...(trust.crossSigned ? crossSigns : [])])]
    return findPaths([leaf], pool, root)
      .filter((path) => isGood(path, authority, trust)).map((path) => ({ authority: name, path }))
  })
}

/**
 * Whether OpenSSL accepts a handshake, whose verdict must agree. It goes one way up: at each step it takes a trusted
 * certificate with the name and the key identifier, or else the first that was sent and has not ended, and never
 * returns. It knows neither lists nor blocks, and has a clock of its own.
 */
export function opensslAccepts (leaf: string, sent: readonly string[], { roots, crossSigned }: Trust): boolean {
  const inForce = Object.values(AUTHORITIES).filter(({ root }) => roots.has(root))
  const store = inForce.flatMap(({ root, intermediates, crossSigns }) =>
    [root, ...intermediates, ...(crossSigned ? crossSigns : [])])
  const path = [leaf]
  for (;;) {
    const last = path.at(-1)!
    const { issuer, signer, claimsIssuer = signer } = factOf(last)
    const looksRight = (name: string): boolean => {
      const { subject, key, claims = key } = factOf(name)
      return !path.includes(name) && subject === issuer && claims === claimsIssuer
    }
    const found = sent.filter(looksRight)
    const above = store.find(looksRight) ?? found.find((name) => factOf(name).expired !== true) ?? found[0]
    if (above === undefined) return false
    path.push(above)
    if (factOf(above).issuer !== factOf(above).subject) continue
    return store.includes(above) && path.every((name) => factOf(name).expired !== true) &&
      path.slice(0, -1).every((name, index) => issued(path[index + 1]!, name))
  }
}
