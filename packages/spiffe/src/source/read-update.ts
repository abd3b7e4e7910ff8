import { encodePem, parseSpiffeId } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { SpiffeInvalidError } from '../errors.ts'
import type { SentSvid, SvidResponse } from '../workload-api/messages.ts'
import { parseCertificate, splitCertificates } from './read-certificates.ts'
import { readTrustDomain } from './trust-domain.ts'

/** An X.509-SVID with its key. */
export interface Svid {
  readonly spiffeId: string
  readonly trustDomain: string
  /** The leaf, then its intermediates, PEM. */
  readonly cert: string
  /** PKCS#8 PEM. */
  readonly key: string
  readonly hint: string
}

/** The CA certificates of a trust domain. */
export interface TrustDomainBundle {
  readonly trustDomain: string
  readonly anchors: readonly PeerIdentity[]
  /** PEM of each. */
  readonly ca: readonly string[]
}

/** A checked response. */
export interface SvidUpdate {
  /** In the order of the agent: the first one is the default. */
  readonly svids: readonly Svid[]
  /** By trust domain: that of each SVID, and the federated ones. The error of a federated one that cannot be used. */
  readonly bundles: ReadonlyMap<string, TrustDomainBundle | SpiffeInvalidError>
  readonly crls: readonly Uint8Array[]
}

/**
 * Checks a response (SPIFFE Workload API section 4.5, X509-SVID section 5). One with a fault is refused as a whole:
 * half of it would be a state that the agent never meant. A federated bundle is made by somebody else, who must not be
 * able to stop our rotation. So a fault in one concerns that trust domain alone.
 *
 * @param read reads a bundle, or knows it
 * @throws SpiffeInvalidError
 */
export function readUpdate (
  { svids, crls, federatedBundles }: SvidResponse, read: typeof readBundle = readBundle
): SvidUpdate {
  if (svids.length === 0) throw new SpiffeInvalidError('empty', 'the response has no X.509-SVID')
  const own = new Map<string, TrustDomainBundle>()
  const readSvids = svids.map((sent) => readSvid(sent, own, read))
  const federated = new Map<string, TrustDomainBundle | SpiffeInvalidError>()
  for (const [id, octets] of federatedBundles) {
    const trustDomain = readTrustDomain(id, 'the key of a federated bundle')
    // Nobody else says whom our own trust domain trusts.
    if (own.has(trustDomain)) continue
    if (federated.has(trustDomain)) {
      throw new SpiffeInvalidError('trust_domain', `the response has two bundles for ${trustDomain}`)
    }
    federated.set(trustDomain, readFederated(octets, trustDomain, read))
  }
  return { svids: readSvids, bundles: new Map([...own, ...federated].filter(([, bundle]) => !isEmpty(bundle))), crls }
}

/** An empty bundle trusts nobody, which is the same as none. */
function isEmpty (bundle: TrustDomainBundle | SpiffeInvalidError): boolean {
  return 'ca' in bundle && bundle.ca.length === 0
}

function readFederated (
  octets: Uint8Array, trustDomain: string, read: typeof readBundle
): TrustDomainBundle | SpiffeInvalidError {
  try {
    return read(octets, trustDomain)
  } catch (error) {
    return error as SpiffeInvalidError
  }
}

function readSvid (sent: SentSvid, bundles: Map<string, TrustDomainBundle>, read: typeof readBundle): Svid {
  const { spiffeId, certificates, key, bundle, hint } = sent
  const fields = { spiffe_id: spiffeId, x509_svid: certificates, x509_svid_key: key, bundle }
  for (const [name, value] of Object.entries(fields)) {
    if (value.length === 0) throw new SpiffeInvalidError('empty', `an X509SVID of the response has no ${name}`)
  }
  const what = `the X.509-SVID ${JSON.stringify(spiffeId.slice(0, 300))}`
  const trustDomain = trustDomainOf(spiffeId, what)
  const [leaf, ...intermediates] = splitCertificates(certificates, what)
  checkLeaf(parseCertificate(leaf as Uint8Array, what), spiffeId, what)
  const own = read(bundle, trustDomain)
  const other = bundles.get(trustDomain)
  if (other !== undefined && other.ca.join() !== own.ca.join()) {
    throw new SpiffeInvalidError('trust_domain', `the response has two bundles for ${trustDomain}`)
  }
  bundles.set(trustDomain, own)
  return {
    spiffeId,
    trustDomain,
    cert: [leaf as Uint8Array, ...intermediates].map((der) => encodePem(der)).join(''),
    key: encodePem(key, 'PRIVATE KEY'),
    hint
  }
}

function trustDomainOf (spiffeId: string, what: string): string {
  try {
    return parseSpiffeId(spiffeId).trustDomain
  } catch (error) {
    const { message } = error as Error
    throw new SpiffeInvalidError('svid', `${what} has no valid SPIFFE ID: ${message}`, { cause: error })
  }
}

/** `peer.spiffeId` is that of a leaf with exactly one URI, which is a SPIFFE ID with a path, and that signs nothing. */
function checkLeaf (peer: PeerIdentity, spiffeId: string, what: string): void {
  if (peer.spiffeId === spiffeId) return
  const uris = peer.subjectAltNames?.uri.join(', ') ?? ''
  const found = peer.isCa ? 'a CA certificate' : `a certificate with the URIs ${JSON.stringify(uris.slice(0, 300))}`
  throw new SpiffeInvalidError('svid', `${what} is ${found}; expected a leaf with that SPIFFE ID as its only URI`)
}

/**
 * Reads the CA certificates of a trust domain.
 *
 * @throws SpiffeInvalidError
 */
export function readBundle (octets: Uint8Array, trustDomain: string): TrustDomainBundle {
  const what = `the bundle of ${trustDomain}`
  const ders = splitCertificates(octets, what)
  const anchors = ders.map((der) => parseCertificate(der, what))
  for (const anchor of anchors) {
    if (!anchor.isCa) throw new SpiffeInvalidError('svid', `${what} has ${String(anchor)}, which is not a CA`)
  }
  return { trustDomain, anchors, ca: ders.map((der) => encodePem(der)) }
}
