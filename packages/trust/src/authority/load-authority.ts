import { CERTIFICATE_FLAWS } from '@peerkit/identity'
import type { CertificateFlaw } from '@peerkit/identity'
import {
  anything, checkOption, choice, defineOptions, flag, list, methods, required, text, valueOf
} from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { AuthorityNames } from '../bounds/authority-names.ts'
import { NameBounds } from '../bounds/name-bounds.ts'
import { readAlgorithmPolicy } from '../certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from '../certificate/algorithm-policy.ts'
import { CertificateSet, readInput } from '../certificate/certificate-set.ts'
import type { CertificateInput } from '../certificate/certificate-set.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { isSelfSigned, verifyEdge } from '../certificate/signature.ts'
import { PathOptionError } from '../errors.ts'

/** One or several trusted CAs, with the names that they vouch for and their revocation checkers. */
export interface Authority {
  /** A unique name, for decisions and `peer.authority`. */
  readonly name: string
  /**
   * CA certificates, parsed or in DER. A path ends at a self-signed one. The others are candidates like
   * `intermediates`, unless `partial` is set.
   */
  readonly ca: readonly CertificateInput[]
  /** The names that it vouches for. Default `'any'`. */
  readonly names?: AuthorityNames
  /** Whether a path may end at any certificate of `ca`, self-signed or not. Default false. */
  readonly partial?: boolean
  /**
   * Accepts X.509-SVIDs only (SPIFFE X509-SVID section 5.2): the leaf needs a SPIFFE ID within `names.spiffe`, which is
   * required. An intermediate with a SPIFFE ID must be of the same trust domain. Two such authorities may have the same
   * CA if their trust domains differ. Default false.
   */
  readonly spiffeOnly?: boolean
  /** Accepted signatures and keys on paths to this authority. Default: the evaluator's option. */
  readonly algorithms?: AlgorithmPolicy
  /**
   * Until when (milliseconds since the epoch) a client is accepted although its certificate, or a CA above it, has an
   * extended key usage with serverAuth and without clientAuth. Public CAs issue such certificates since 2026. Requires
   * bounds on `names`. Default: never.
   */
  readonly serverAuthOnlyUntil?: number
  /**
   * Flaws that are accepted in certificates below those of `ca` and `intermediates`: `alt-names`, `serial-number`; see
   * `CertificateFlaw` of @peerkit/identity. Default: none. `peer.tolerated` has those that were found.
   */
  readonly tolerate?: readonly CertificateFlaw[]
  /** CA certificates that paths may go through. They are not trusted by themselves. */
  readonly intermediates?: readonly CertificateInput[]
  /** Revocation checkers. Every one must permit the leaf and each intermediate of a path. */
  readonly revocation?: readonly RevocationChecker[]
}

/** An authority with parsed certificates. */
export interface LoadedAuthority {
  readonly name: string
  readonly anchors: CertificateSet
  readonly known: CertificateSet
  readonly bounds: NameBounds
  readonly spiffeOnly: boolean
  /** Undefined: the evaluator's policy. */
  readonly algorithms: Algorithms | undefined
  readonly serverAuthOnlyUntil: number | undefined
  readonly tolerate: readonly CertificateFlaw[]
  /** Certificates of `ca` at which no path ends, because they are not self-signed. */
  readonly notRoots: CertificateSet
  readonly revocation: readonly RevocationChecker[]
}

const OPTIONS = defineOptions<Authority>('authority', PathOptionError, {
  name: required(text('a name')),
  ca: required(list('certificates', anything)),
  names: anything,
  partial: flag,
  spiffeOnly: flag,
  algorithms: anything,
  serverAuthOnlyUntil: valueOf('milliseconds since the epoch', Number.isFinite),
  tolerate: list('flaws', choice(...CERTIFICATE_FLAWS)),
  intermediates: list('certificates', anything),
  revocation: list('revocation checkers', methods(['check']))
})

/** @throws PathOptionError */
export function loadAuthorities (authorities: readonly Authority[]): readonly LoadedAuthority[] {
  checkOption(authorities, required(list('authorities', anything)), 'authorities()', PathOptionError)
  const loaded = authorities.map((authority, index) => {
    const known = unchanging.get(authority)
    if (known !== undefined) return known
    const fresh = loadAuthority(authority, `authorities()[${index}]`)
    if (isUnchanging(authority)) unchanging.set(authority, fresh)
    return fresh
  })
  refuseDuplicates(loaded)
  return loaded
}

const NONE: readonly never[] = Object.freeze([])

/** What was loaded of authorities that cannot change any more. Of hundreds, a new version often changes only one. */
const unchanging = new WeakMap<Authority, LoadedAuthority>()

/** Whether nobody can change it: it is frozen, with its lists, and has no bytes, which cannot be frozen. */
function isUnchanging (authority: Authority): boolean {
  const { ca, intermediates = NONE, revocation = NONE, ...rest } = authority
  return [authority, ca, intermediates, revocation].every((each) => Object.isFrozen(each)) && hasNoGetter(authority) &&
    [...ca, ...intermediates].every((input) => !(input instanceof Uint8Array)) &&
    Object.values(rest).every(isFrozenData)
}

/** A getter of a frozen object may still return something else each time. */
function hasNoGetter (authority: Authority): boolean {
  return Object.getPrototypeOf(authority) === Object.prototype &&
    Object.values(Object.getOwnPropertyDescriptors(authority)).every((property) => 'value' in property)
}

function isFrozenData (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  return Object.isFrozen(value) && Object.values(value).every(isFrozenData)
}

/**
 * Refuses a duplicate name, and an anchor in two authorities: it would be unclear whose names count. Two authorities
 * for X.509-SVIDs of different trust domains may share one: the SPIFFE ID decides.
 */
function refuseDuplicates (loaded: readonly LoadedAuthority[]): void {
  const [names, anchors] = [new Set<string>(), new Map<string, LoadedAuthority[]>()]
  for (const authority of loaded) {
    const { name, anchors: own } = authority
    if (names.has(name)) {
      throw new PathOptionError(`authorities() has two authorities named "${name}"; expected unique names`)
    }
    names.add(name)
    for (const anchor of own) {
      const key = anchor.authority
      const owners = anchors.get(key) ?? []
      const other = owners.find((owner) => owner !== authority && !isApart(owner, authority))
      if (other !== undefined) {
        const found = `authorities() "${other.name}" and "${name}" both have ${String(anchor.identity)}`
        throw new PathOptionError(`${found}; expected each CA in one authority`)
      }
      anchors.set(key, [...owners, authority])
    }
  }
}

/** Whether no certificate can be of both authorities. */
function isApart (one: LoadedAuthority, other: LoadedAuthority): boolean {
  return one.spiffeOnly && other.spiffeOnly && !one.bounds.overlapsSpiffe(other.bounds)
}

/**
 * Reads an authority. Like OpenSSL, it ends a path at a self-signed certificate only. So an intermediate in `ca` can be
 * revoked, and it needs its root.
 *
 * @throws PathOptionError
 */
function loadAuthority (authority: Authority, where: string): LoadedAuthority {
  OPTIONS.check(authority, where)
  const { name, ca, intermediates = [], revocation = [], names = 'any', partial = false } = authority
  const { algorithms, serverAuthOnlyUntil, tolerate = [], spiffeOnly = false } = authority
  const bounds = new NameBounds(names, `${where}.names`)
  if (serverAuthOnlyUntil !== undefined) checkServerAuthOnly(bounds, where)
  if (spiffeOnly && !bounds.isSpiffeBounded) {
    throw new PathOptionError(`${where}.spiffeOnly needs ${where}.names.spiffe; the leaves need a SPIFFE ID`)
  }
  const anchors = new CertificateSet()
  const others = []
  for (const [index, input] of ca.entries()) {
    const certificate = readInput(input, `${where}.ca[${index}]`)
    if (partial || isSelfSigned(certificate)) anchors.add(certificate)
    else others.push(certificate)
  }
  const further = intermediates.map((input, index) => readInput(input, `${where}.intermediates[${index}]`))
  const known = [...others, ...further]
  verifyKnown(known, anchors)
  return {
    name,
    anchors,
    known: new CertificateSet(known),
    notRoots: new CertificateSet(others),
    revocation,
    bounds,
    spiffeOnly,
    algorithms: algorithms === undefined ? undefined : readAlgorithmPolicy(algorithms),
    serverAuthOnlyUntil,
    tolerate: Object.freeze([...tolerate])
  }
}

function checkServerAuthOnly (bounds: NameBounds, where: string): void {
  if (bounds.isBounded) return
  const why = 'a public CA issues certificates to anyone'
  throw new PathOptionError(`${where}.serverAuthOnlyUntil needs ${where}.names, none of them "any"; ${why}`)
}

/**
 * Verifies signatures on configured certificates while loading, so that decisions do not spend their budget on them.
 */
function verifyKnown (known: readonly Certificate[], anchors: CertificateSet): void {
  const pool = new CertificateSet(known)
  for (const certificate of known) {
    const issuers = [...anchors.named(certificate.issuerKey), ...pool.named(certificate.issuerKey)]
    for (const issuer of issuers) verifyEdge(certificate, issuer)
  }
}
