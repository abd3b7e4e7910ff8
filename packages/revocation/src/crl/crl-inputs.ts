import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { readName } from '@peerkit/identity/x509'
import { CrlInvalidError } from '../errors.ts'
import { isSameName } from '../x509/issuer.ts'
import { CrlIndex } from './crl-index.ts'
import type { ForeignCrl, ParseCrlOptions } from './crl-reader.ts'
import { loadCrls, parseCrls } from './parse-crl.ts'

/** A CRL: PEM text (with one or more), DER, or an index that was verified by `parseCrl` or `loadCrl`. */
export type CrlInput = string | Uint8Array | CrlIndex

/** How the inputs of a checker are read. */
type InputReading = ParseCrlOptions & { readonly issuers: readonly PeerIdentity[] }

/** Parses and verifies the inputs of a checker, synchronously. */
export function parseInputs (crls: readonly CrlInput[], reading: InputReading): CrlIndex[] {
  return crls.flatMap((crl) => crl instanceof CrlIndex ? [checkIndex(crl, reading)] : parseCrls(crl, reading))
}

/** The same without blocking the event loop. */
export async function loadInputs (crls: readonly CrlInput[], reading: InputReading): Promise<CrlIndex[]> {
  const indexes: CrlIndex[] = []
  for (const crl of crls) {
    if (crl instanceof CrlIndex) indexes.push(checkIndex(crl, reading))
    else indexes.push(...await loadCrls(crl, reading))
  }
  return indexes
}

function checkIndex (index: CrlIndex, { issuers }: InputReading): CrlIndex {
  const signer = index.verifiedBy
  if (signer === undefined) {
    throw new CrlInvalidError('unverified', 'its signature is not verified: parse it with `issuers`')
  }
  if (!issuers.some(({ fingerprint256 }) => fingerprint256 !== undefined && fingerprint256 === signer.fingerprint256)) {
    throw new CrlInvalidError('issuer_unknown', `its signer ${String(signer)} is not among the issuers`)
  }
  return index
}

/** Collects the issuers of CRLs that one load leaves out: no accepted issuer has their name and key. */
export class ForeignIssuers {
  readonly names: DistinguishedName[] = []
  /** Those that have the name of an accepted issuer and another key. */
  readonly otherKeys: DistinguishedName[] = []
  /** Former issuers that have signed such lists. */
  readonly former: PeerIdentity[] = []
  /** Options for `parseCrls` and `loadCrls`. */
  readonly reading: Pick<ParseCrlOptions, 'onForeign' | 'formerIssuers'>

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
