import type { RevocationChecker } from '@peerkit/revocation'
import { AnchorSet, readInput } from '../anchor-set.ts'
import type { CertificateInput } from '../anchor-set.ts'
import { readAlgorithmPolicy } from '../certificate/algorithm-policy.ts'
import type { AlgorithmPolicy, Algorithms } from '../certificate/algorithm-policy.ts'
import { isSelfSigned } from '../certificate/self-signed.ts'
import { verifyEdge } from '../certificate/edge.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { MTLS_ERR_PATH_OPTION } from '../errors.ts'
import { checkFunction, checkKeys, checkList, describeType } from '../option-check.ts'
import { CandidatePool } from '../path/candidate-pool.ts'
import type { AuthorityNames } from './authority-names.ts'
import { NameBounds } from './name-bounds.ts'

/** Who may vouch for certificates, and how they are asked about revocation. */
export interface Authority {
  /** Shows in decisions and in `peer.authority`; each once. One authority alone is called `default`. */
  readonly name: string
  /** CA certificates, parsed or in DER. A path ends at one that is self-signed; the others are candidates, as `intermediates` are, unless `partial` is set. */
  readonly ca: readonly CertificateInput[]
  /** The names that it vouches for. Default `'any'`. */
  readonly names?: AuthorityNames
  /** Whether a path may end at any certificate of `ca`, self-signed or not. Default false. */
  readonly partial?: boolean
  /** Which signatures and keys count on paths to this authority. Default: the evaluator's option. */
  readonly algorithms?: AlgorithmPolicy
  /**
   * Until when (milliseconds since the epoch) a client is accepted whose certificate, or a CA above it, has an extended key usage with serverAuth and without
   * clientAuth: what public CAs issue since 2026. Asks for bounds on `names`. Default: never.
   */
  readonly serverAuthOnlyUntil?: number
  /** CA certificates that paths may go through and that are trusted by themselves for nothing. */
  readonly intermediates?: readonly CertificateInput[]
  /** Every one of them must permit the leaf and each intermediate of a path. */
  readonly revocation?: readonly RevocationChecker[]
}

/** An authority whose certificates were read. */
export interface LoadedAuthority {
  readonly name: string
  readonly anchors: AnchorSet
  readonly known: CandidatePool
  readonly bounds: NameBounds
  /** Undefined: those of the evaluator. */
  readonly algorithms: Algorithms | undefined
  readonly serverAuthOnlyUntil: number | undefined
  /** Those of `ca` that end no path, since they are not self-signed. */
  readonly notRoots: CandidatePool
  readonly revocation: readonly RevocationChecker[]
}

const KNOWN = ['name', 'ca', 'names', 'partial', 'algorithms', 'serverAuthOnlyUntil', 'intermediates', 'revocation']

/** @throws MTLS_ERR_PATH_OPTION */
export function loadAuthorities (authorities: readonly Authority[]): readonly LoadedAuthority[] {
  checkList(authorities, 'authorities()')
  const loaded = authorities.map((authority, index) => loadAuthority(authority, `authorities()[${index}]`))
  refuseDuplicates(loaded)
  return loaded
}

/** A name twice, or an anchor in two authorities: nobody could say whose names count. */
function refuseDuplicates (loaded: readonly LoadedAuthority[]): void {
  const [names, anchors] = [new Set<string>(), new Map<string, string>()]
  for (const { name, anchors: own } of loaded) {
    if (names.has(name)) throw new MTLS_ERR_PATH_OPTION(`authorities() holds two with the name "${name}"; expected each name once`)
    names.add(name)
    for (const anchor of own) {
      const key = anchor.authority
      const other = anchors.get(key)
      if (other !== undefined && other !== name) throw new MTLS_ERR_PATH_OPTION(`authorities() "${other}" and "${name}" both hold ${String(anchor.identity)}; expected each CA in one authority`)
      anchors.set(key, name)
    }
  }
}

/**
 * Reads an authority. OpenSSL ends a path at a self-signed certificate only, so an intermediate that stands in `ca` can be revoked, and falls with its root.
 *
 * @throws MTLS_ERR_PATH_OPTION
 */
function loadAuthority (authority: Authority, where: string): LoadedAuthority {
  checkKeys(authority, KNOWN, where)
  const { name, ca, intermediates = [], revocation = [], names = 'any', partial = false, algorithms, serverAuthOnlyUntil } = authority
  if (typeof name !== 'string' || name === '') throw new MTLS_ERR_PATH_OPTION(`${where}.name is ${name === '' ? 'empty' : describeType(name)}; expected a name`)
  if (typeof partial !== 'boolean') throw new MTLS_ERR_PATH_OPTION(`${where}.partial is ${describeType(partial)}; expected true or false`)
  const bounds = new NameBounds(names, `${where}.names`)
  if (serverAuthOnlyUntil !== undefined && !bounds.isBounded) {
    throw new MTLS_ERR_PATH_OPTION(`${where}.serverAuthOnlyUntil needs ${where}.names, none of them "any"; a public CA issues to everybody`)
  }
  if (serverAuthOnlyUntil !== undefined && !Number.isFinite(serverAuthOnlyUntil)) throw new MTLS_ERR_PATH_OPTION(`${where}.serverAuthOnlyUntil is ${String(serverAuthOnlyUntil)}; expected milliseconds since the epoch`)
  checkList(ca, `${where}.ca`)
  checkList(intermediates, `${where}.intermediates`)
  checkList(revocation, `${where}.revocation`)
  for (const [index, checker] of revocation.entries()) checkFunction((checker as Partial<RevocationChecker> | undefined)?.check, `${where}.revocation[${index}].check`)
  const anchors = new AnchorSet([])
  const others = []
  for (const [index, input] of ca.entries()) {
    const certificate = readInput(input, `${where}.ca[${index}]`)
    if (partial || isSelfSigned(certificate)) anchors.add(certificate)
    else others.push(certificate)
  }
  const known = [...others, ...intermediates.map((input, index) => readInput(input, `${where}.intermediates[${index}]`))]
  verifyKnown(known, anchors)
  return {
    name,
    anchors,
    known: new CandidatePool(known),
    notRoots: new CandidatePool(others),
    revocation,
    bounds,
    algorithms: algorithms === undefined ? undefined : readAlgorithmPolicy(algorithms),
    serverAuthOnlyUntil
  }
}

/** Signatures on configured certificates are verified when they are loaded, so that no peer's budget is spent on them. */
function verifyKnown (known: readonly Certificate[], anchors: AnchorSet): void {
  const pool = new CandidatePool(known)
  for (const certificate of known) {
    for (const issuer of [...anchors.named(certificate.issuerKey), ...pool.named(certificate.issuerKey)]) verifyEdge(certificate, issuer)
  }
}
