import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import type { CrlReading, ForeignCrl } from './crl-reader.ts'
import { isSameName } from './same-name.ts'

/** Collects the issuers of CRLs that one load leaves out: no accepted issuer has their name and key. */
export class ForeignIssuers {
  readonly names: DistinguishedName[] = []
  /** Those that have the name of an accepted issuer and another key. */
  readonly otherKeys: DistinguishedName[] = []
  /** Former issuers that have signed such lists. */
  readonly former: PeerIdentity[] = []
  /** Options for `parseCrls` and `loadCrls`. */
  readonly reading: Pick<CrlReading, 'onForeign' | 'formerIssuers'>

  constructor (isIgnoring: boolean, formerIssuers: readonly PeerIdentity[]) {
    this.reading = isIgnoring ? { onForeign: (issuer, foreign) => { this.#add(issuer, foreign) }, formerIssuers } : {}
  }

  #add (issuer: Uint8Array, { isOtherKey, signedBy }: ForeignCrl): void {
    const name = readName(issuer)
    const known = this.names.find((other) => isSameName(other, name))
    if (known === undefined) this.names.push(name)
    if (known === undefined && isOtherKey) this.otherKeys.push(name)
    if (signedBy !== undefined && !this.former.includes(signedBy)) this.former.push(signedBy)
  }
}
