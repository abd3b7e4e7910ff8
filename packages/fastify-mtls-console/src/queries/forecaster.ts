import type { CredentialSnapshot } from '@peerkit/credentials'
import { parseDistinguishedName, viewDer } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { findOrigin, findOriginByName, forecastOf, readClientAuth } from '@peerkit/trust/forecast'
import type { ClientAuthForecast, KnownOfCertificate, Origin, PublicRoots } from '@peerkit/trust/forecast'

type Known = Pick<KnownOfCertificate, 'clientAuth' | 'lackedBy'> & { readonly origin: Origin }

/**
 * Forecasts when a certificate loses clientAuth. The origin of a certificate is cached for each snapshot, so that a
 * page that updates itself does not verify signatures again.
 */
export class Forecaster {
  readonly #roots: () => PublicRoots
  readonly #known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, Known>>()

  /** @param roots the public roots; read at the first use, because there are many */
  constructor (roots: () => PublicRoots) {
    this.#roots = roots
  }

  forecast (identity: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(identity, snapshot)
    const { notBefore, notAfter } = identity
    return forecastOf(origin, { clientAuth, lackedBy, notBefore, notAfter, now })
  }

  /** For a trusted CA: when certificates below it lose clientAuth. */
  forecastAuthority (ca: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(ca, snapshot)
    return forecastOf(origin, { clientAuth, lackedBy, notAfter: ca.notAfter, now, isAuthority: true })
  }

  /** For a client that was refused because it has no clientAuth. The log keeps only the issuer's name. */
  forecastRefused (issuer: string | undefined, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { anchors, candidates } = snapshot
    const origin = findOriginByName(readName(issuer), [...anchors, ...candidates], this.#roots())
    return forecastOf(origin, { clientAuth: false, notAfter: undefined, now })
  }

  #know (identity: PeerIdentity, snapshot: CredentialSnapshot): Known {
    let own = this.#known.get(snapshot)
    if (own === undefined) this.#known.set(snapshot, own = new WeakMap())
    let known = own.get(identity)
    if (known === undefined) own.set(identity, known = this.#find(identity, snapshot))
    return known
  }

  #find (identity: PeerIdentity, { anchors, candidates }: CredentialSnapshot): Known {
    const authorities = [...identity.chain ?? [], ...anchors, ...candidates]
    const roots = this.#roots()
    const origin = viewDer(identity) === undefined
      ? findOriginByName(identity.issuer, authorities, roots)
      : findOrigin(identity, authorities, roots)
    // A gateway may forward a certificate without its purposes.
    const isSaid = viewDer(identity) !== undefined || identity.extendedKeyUsage !== undefined
    return { origin, ...(isSaid ? readClientAuth(identity, origin) : { clientAuth: undefined, lackedBy: undefined }) }
  }
}

function readName (text: string | undefined): DistinguishedName | undefined {
  try {
    return text === undefined ? undefined : parseDistinguishedName(text)
  } catch {
    // The log clips long names at any position.
    return undefined
  }
}
