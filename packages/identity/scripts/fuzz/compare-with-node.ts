import { X509Certificate, hash } from 'node:crypto'
import {
  CertificateInvalidError, equalDistinguishedNames, parseDistinguishedName, parsePeerIdentity
} from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { EXTENSION, readCertificate, readGeneralNames } from '@peerkit/identity/x509'
import type { GeneralName } from '@peerkit/identity/x509'
import { isAltNameRendering } from './node-alt-names.ts'
import { policiesByTree } from './policies-by-tree.ts'
import { SUBJECT_LAYOUT, isRenderingOf } from './openssl-names.ts'

/** What came of one certificate. */
export type Outcome =
  | { readonly kind: 'agree' | 'both_refuse' | 'we_accept_node_refuses' }
  | { readonly kind: 'we_refuse_node_accepts', readonly reason: string }
  | { readonly kind: 'disagree', readonly fields: readonly string[] }
  | { readonly kind: 'uncoded', readonly error: unknown }

/**
 * Gives `der` to both parsers and compares every field of a `PeerIdentity` that Node can name too.
 *
 * @param nodeDer what Node gets in its place, to prove that a difference is seen
 */
export function compareWithNode (der: Buffer, nodeDer: Buffer = der): Outcome {
  let peer: PeerIdentity | undefined
  let reason = ''
  try {
    peer = parsePeerIdentity(der)
  } catch (error) {
    if (!(error instanceof CertificateInvalidError)) return { kind: 'uncoded', error }
    reason = error.reason
  }
  const node = readByNode(nodeDer)
  if (peer === undefined) {
    return node === undefined ? { kind: 'both_refuse' } : { kind: 'we_refuse_node_accepts', reason }
  }
  if (node === undefined) return { kind: 'we_accept_node_refuses' }
  try {
    const fields = disagreements(der, peer, node)
    return fields.length === 0 ? { kind: 'agree' } : { kind: 'disagree', fields }
  } catch (error) {
    return { kind: 'uncoded', error }
  }
}

function readByNode (der: Buffer): X509Certificate | undefined {
  // Node takes PEM text as well; that is another input, not another reading of this one.
  if (der.subarray(0, 5).toString('latin1') === '-----') return undefined
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

function disagreements (der: Buffer, peer: PeerIdentity, node: X509Certificate): string[] {
  const san = readCertificate(der).extensions.get(EXTENSION.subjectAltName)
  const names = san === undefined ? [] : readGeneralNames(san.value)
  const checks: Record<string, boolean> = {
    subject: sameName(node.subject, peer.subject),
    issuer: sameName(node.issuer, peer.issuer),
    subjectAltName: san === undefined
      ? node.subjectAltName === undefined
      : isAltNameRendering(node.subjectAltName ?? '\0', names),
    subjectAltNames: sameLists(peer, names),
    spiffeId: sameSpiffeId(peer, node, names),
    serialNumber: BigInt(`0x${node.serialNumber}`) === BigInt(`0x${peer.serialNumber}`) &&
      /^(?:[0-9a-f]{2})+$/.test(peer.serialNumber ?? ''),
    notBefore: renderTime(peer.notBefore as number) === node.validFrom,
    notAfter: renderTime(peer.notAfter as number) === node.validTo,
    fingerprint256: node.fingerprint256.replaceAll(':', '').toLowerCase() === peer.fingerprint256,
    publicKey256: samePublicKey(peer, node),
    // Node's keyUsage is the extended one.
    extendedKeyUsage: ((node.keyUsage ?? []) as readonly string[]).join() === peer.extendedKeyUsage?.join(),
    // Node shows no policies; the mutator's own reader is the second opinion.
    policies: policiesByTree(node.raw).join() === peer.policies?.join(),
    isCa: node.ca === peer.isCa,
    raw: node.raw.equals(peer.raw as Uint8Array),
    json: JSON.stringify(peer).length > 0 && !/\p{Cc}/u.test(peer.toString()) && peer.toString().length <= 256,
    roundTrip: readsBack(peer.issuer) && readsBack(peer.subject),
  }
  return Object.keys(checks).filter((key) => checks[key] === false)
}

/** RFC 4514 both ways. */
function readsBack (name: DistinguishedName | undefined): boolean {
  const text = String(name)
  const again = parseDistinguishedName(text)
  return name !== undefined && equalDistinguishedNames(name, again) && String(again) === text
}

function sameName (text: string | undefined, name: DistinguishedName | undefined): boolean {
  return name !== undefined && isRenderingOf(text ?? '', name, SUBJECT_LAYOUT)
}

/** The typed lists hold the names of their type, all of them, in order. */
function sameLists ({ subjectAltNames }: PeerIdentity, names: readonly GeneralName[]): boolean {
  if (subjectAltNames === undefined) return false
  return (['dns', 'uri', 'email', 'ip', 'directoryName', 'otherName'] as const).every((kind) => {
    const values = names.filter((name) => name.kind === kind).map((name) => String(name.value))
    return subjectAltNames[kind].map(String).join('\0') === values.join('\0')
  })
}

/** The grammar of the standard, written a second time. */
const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[a-zA-Z0-9._-]+)+$/

function sameSpiffeId (peer: PeerIdentity, node: X509Certificate, names: readonly GeneralName[]): boolean {
  const uris = names.filter((name) => name.kind === 'uri')
  const only = uris.length === 1 ? String(uris[0]?.value) : ''
  if (peer.spiffeId !== undefined) {
    return peer.spiffeId === only && SPIFFE_ID.test(only) && only.length <= 2048 && !node.ca
  }
  return !SPIFFE_ID.test(only) || only.length > 2048 || mayBeCa(node)
}

/** Node says nothing of keyUsage, so a certificate with that extension or the CA flag may rightly have no SPIFFE ID. */
function mayBeCa (node: X509Certificate): boolean {
  const { extensions } = readCertificate(node.raw)
  return extensions.has(EXTENSION.keyUsage) || extensions.has(EXTENSION.basicConstraints)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A time as ASN1_TIME_print writes it. */
function renderTime (time: number): string {
  const date = new Date(time)
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${clock} ${date.getUTCFullYear()} GMT`
}

/** Node writes a key anew, so only a key that stands in the certificate as Node writes it can be compared. */
function samePublicKey (peer: PeerIdentity, node: X509Certificate): boolean {
  const raw = peer.raw as Uint8Array
  const { subjectPublicKeyInfo } = readCertificate(raw)
  if (sha256(subjectPublicKeyInfo) !== peer.publicKey256) return false
  if (peer.publicKey256.charCodeAt(0) % 8 !== 0) return true
  try {
    const written = node.publicKey.export({ type: 'spki', format: 'der' })
    return !Buffer.from(raw).includes(written) || sha256(written) === peer.publicKey256
  } catch {
    return true
  }
}

function sha256 (bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}
