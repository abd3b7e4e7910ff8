import type { DistinguishedName } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { isSameName } from './same-name.ts'

/** Gathers the issuers of CRLs that are left out of one load, since none of the trusted issuers has their name. */
export class ForeignIssuers {
  readonly names: DistinguishedName[] = []
  /** What `parseCrls` and `loadCrls` are given. */
  readonly reading: { readonly onForeign?: (issuer: Uint8Array) => void }

  constructor (isIgnoring: boolean) {
    this.reading = isIgnoring ? { onForeign: (issuer) => { this.#add(readName(issuer)) } } : {}
  }

  #add (name: DistinguishedName): void {
    if (!this.names.some((known) => isSameName(known, name))) this.names.push(name)
  }
}
