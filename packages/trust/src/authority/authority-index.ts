import type { CertificateFlaw } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { fingerprintOf } from '../certificate/certificate.ts'
import type { Certificate } from '../certificate/certificate.ts'
import type { Candidates } from '../path/candidate-pool.ts'
import type { LoadedAuthority } from './load-authority.ts'

/** Names that are followed upwards from a leaf. A path has far fewer certificates. */
const MAX_NAMES = 64

/** Authorities by the names of their CAs, so that a handshake tries only those to which a path may lead. */
export class AuthorityIndex {
  /** In the order in which they were declared. */
  readonly all: readonly LoadedAuthority[]
  /** The checkers of all authorities. */
  readonly checkers: readonly RevocationChecker[]
  /** The flaws that at least one authority tolerates. A certificate with another one is not read at all. */
  readonly tolerate: readonly CertificateFlaw[]
  /** Indexes in `all`. */
  readonly #byName = new Map<string, Set<number>>()
  readonly #byAnchor = new Map<string, number>()
  readonly #known = new Map<string, Certificate>()

  constructor (authorities: readonly LoadedAuthority[]) {
    this.all = authorities
    this.checkers = authorities.flatMap(({ revocation }) => revocation)
    this.tolerate = [...new Set(authorities.flatMap(({ tolerate }) => tolerate))]
    for (const [place, authority] of authorities.entries()) {
      for (const certificate of [...authority.anchors, ...authority.known]) {
        const { subjectKey } = certificate
        const group = this.#byName.get(subjectKey)
        if (group === undefined) this.#byName.set(subjectKey, new Set([place]))
        else group.add(place)
      }
      for (const { fingerprint } of authority.anchors) this.#byAnchor.set(fingerprint, place)
      for (const certificate of authority.known) this.#known.set(certificate.fingerprint, certificate)
    }
  }

  /**
   * Finds the authorities to which a path from the leaf may lead, by names only, in their order. If there is none, it
   * returns the first one, which then reports the missing issuer. The names that lead to an authority are those of the
   * certificates sent, because above these every path has only certificates of the authority.
   *
   * @throws CertificateInvalidError if the leaf's names cannot be read
   */
  above (leaf: Certificate, sent: Candidates): readonly LoadedAuthority[] {
    if (this.all.length < 2) return this.all
    const found = new Set<number>()
    const trusted = this.#byAnchor.get(leaf.fingerprint)
    if (trusted !== undefined) found.add(trusted)
    const names = new Set<string>([leaf.issuerKey])
    for (const name of names) {
      for (const place of this.#byName.get(name) ?? []) found.add(place)
      if (names.size < MAX_NAMES) for (const candidate of sent.named(name)) names.add(candidate.issuerKey)
    }
    if (found.size === 0) return this.all.slice(0, 1)
    return [...found].sort((a, b) => a - b).map((place) => this.all[place]!)
  }

  /** The configured certificate with these bytes. Its signature may be verified already. */
  find (der: Uint8Array): Certificate | undefined {
    return this.#known.size === 0 ? undefined : this.#known.get(fingerprintOf(der))
  }
}
