import { SpiffeInvalidError } from '../errors.ts'
import { octetsOf, readFields, textOf } from './protobuf.ts'

/** An X.509-SVID as the Workload API sends it. */
export interface SentSvid {
  readonly spiffeId: string
  /** The leaf, then intermediates, DER, one after the other. */
  readonly certificates: Uint8Array
  /** PKCS#8 DER. */
  readonly key: Uint8Array
  /** The CA certificates of the trust domain of the SVID, DER, one after the other. */
  readonly bundle: Uint8Array
  /** What the operator calls it, to choose among several. */
  readonly hint: string
}

/** X509SVIDResponse (SPIFFE Workload API section 5.1). */
export interface SvidResponse {
  readonly svids: readonly SentSvid[]
  /** CRLs in DER. */
  readonly crls: readonly Uint8Array[]
  /** CA certificates of federated trust domains, DER, by the SPIFFE ID of the trust domain. */
  readonly federatedBundles: ReadonlyMap<string, Uint8Array>
}

/** The method that answers with X509SVIDResponse (SPIFFE Workload API section 5.2.1). */
export const FETCH_X509_SVID: string = '/SpiffeWorkloadAPI/FetchX509SVID'

const NONE = new Uint8Array()

/** @throws SpiffeInvalidError with the reason `malformed` */
export function readSvidResponse (octets: Uint8Array): SvidResponse {
  const what = 'the X509SVIDResponse'
  const svids: SentSvid[] = []
  const crls: Uint8Array[] = []
  const federatedBundles = new Map<string, Uint8Array>()
  for (const field of readFields(octets, what)) {
    if (field.number === 1) svids.push(readSvid(octetsOf(field, what)))
    else if (field.number === 2) crls.push(octetsOf(field, what))
    else if (field.number === 3) addEntry(federatedBundles, octetsOf(field, what), what)
  }
  return { svids, crls, federatedBundles }
}

function readSvid (octets: Uint8Array): SentSvid {
  const what = 'an X509SVID'
  let svid: SentSvid = { spiffeId: '', certificates: NONE, key: NONE, bundle: NONE, hint: '' }
  // Of a field that comes twice the last one counts, as everywhere in protobuf.
  for (const field of readFields(octets, what)) {
    if (field.number === 1) svid = { ...svid, spiffeId: textOf(field, what) }
    else if (field.number === 2) svid = { ...svid, certificates: octetsOf(field, what) }
    else if (field.number === 3) svid = { ...svid, key: octetsOf(field, what) }
    else if (field.number === 4) svid = { ...svid, bundle: octetsOf(field, what) }
    else if (field.number === 5) svid = { ...svid, hint: textOf(field, what) }
  }
  return svid
}

/** An entry of a map is a message with the key as field 1 and the value as field 2. */
function addEntry (map: Map<string, Uint8Array>, octets: Uint8Array, what: string): void {
  let name = ''
  let bundle: Uint8Array = NONE
  for (const field of readFields(octets, what)) {
    if (field.number === 1) name = textOf(field, what)
    else if (field.number === 2) bundle = octetsOf(field, what)
  }
  if (map.has(name)) {
    throw new SpiffeInvalidError('malformed', `${what} has two bundles for ${JSON.stringify(name.slice(0, 100))}`)
  }
  map.set(name, bundle)
}
