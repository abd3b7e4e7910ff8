import type { CredentialSnapshot } from '@peerkit/credentials'
import { parseDistinguishedName, viewDer } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { findOrigin, findOriginByName, forecastOf, readClientAuth } from '@peerkit/trust/forecast'
import type { ClientAuthForecast, KnownOfCertificate, Origin, PublicRoots } from '@peerkit/trust/forecast'

type Known = Pick<KnownOfCertificate, 'clientAuth' | 'lackedBy'> & { readonly origin: Origin }

/**
 * What becomes of a certificate's clientAuth, by the CAs that are known here. Where a certificate comes from is
 * remembered for each snapshot: a page that keeps itself up to date must not verify signatures again each time.
 */
export class Forecaster {
  readonly #roots: () => PublicRoots
  readonly #known = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, Known>>()

  /** @param roots what counts as a public root: read with the first question, since there are many */
  constructor (roots: () => PublicRoots) {
    this.#roots = roots
  }

  forecast (identity: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(identity, snapshot)
    const { notBefore, notAfter } = identity
    return forecastOf(origin, { clientAuth, lackedBy, notBefore, notAfter, now })
  }

  /** Of a CA that is trusted: when those below it lose clientAuth. */
  forecastAuthority (ca: PeerIdentity, snapshot: CredentialSnapshot, now: number): ClientAuthForecast {
    const { origin, clientAuth, lackedBy } = this.#know(ca, snapshot)
    return forecastOf(origin, { clientAuth, lackedBy, notAfter: ca.notAfter, now, isAuthority: true })
  }

  /** Of a client that was refused for want of clientAuth: of its certificate the log keeps the issuer's name alone. */
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
    // A gateway that passes on too little may not say what a certificate is for.
    const isSaid = viewDer(identity) !== undefined || identity.extendedKeyUsage !== undefined
    return { origin, ...(isSaid ? readClientAuth(identity, origin) : { clientAuth: undefined, lackedBy: undefined }) }
  }
}

function readName (text: string | undefined): DistinguishedName | undefined {
  try {
    return text === undefined ? undefined : parseDistinguishedName(text)
  } catch {
    // The log cuts long names, wherever that may be.
    return undefined
  }
}
