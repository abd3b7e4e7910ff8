import { createPublicKey } from 'node:crypto'
import { endOfValidity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { listPeerValues } from '@peerkit/rules'
import type { ListedKey } from '@peerkit/rules'
import { findIssuer } from '@peerkit/trust'
import { describeMoment, describePeriod, shown, shownRows } from '../output.ts'

/** A certificate, or why it cannot be parsed. */
export interface ReadCertificate {
  readonly der: Uint8Array
  readonly peer: PeerIdentity | undefined
  /** Why it cannot be parsed. */
  readonly error: string | undefined
  /** E.g. `ec prime256v1`. */
  readonly key: string | undefined
}

/** Names of extended key usages by OID (RFC 5280 section 4.2.1.12). */
const USAGES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '2.5.29.37.0': 'any'
}

/** An extended key usage, with its name if it has one. */
export function nameUsage (oid: string): string {
  return USAGES[oid] === undefined ? oid : `${oid} (${USAGES[oid]})`
}

export function readPresented (der: Uint8Array): ReadCertificate {
  try {
    const key = describeKeyOf(readCertificate(der).subjectPublicKeyInfo)
    return { der, peer: parsePeerIdentity(der), error: undefined, key }
  } catch (error) {
    return { der, peer: undefined, error: (error as Error).message, key: undefined }
  }
}

/** The kind of a public key (DER of its SubjectPublicKeyInfo). Undefined if Node cannot read it. */
export function describeKeyOf (spki: Uint8Array): string | undefined {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
      key: Buffer.from(spki),
      format: 'der',
      type: 'spki'
    })
    return [
      asymmetricKeyType,
      asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength
    ].filter((part) => part !== undefined).join(' ')
  } catch {
    return undefined
  }
}

/** The values of a certificate that rules can match, by the key of the rule. */
export function listRuleKeys (peer: PeerIdentity): Readonly<Record<string, string | readonly string[]>> {
  const { subject, subjectAltNames: names } = peer
  const values: Readonly<Record<string, string | readonly string[] | undefined>> = {
    subject: textOf(subject),
    cn: subject?.values('CN'),
    o: subject?.values('O'),
    ou: subject?.values('OU'),
    dns: names?.dns,
    uri: names?.uri,
    spiffe: peer.spiffeId,
    email: names?.email,
    ip: names?.ip,
    ...listed(peer, ['upn', 'otherName', 'directoryName', 'registeredId']),
    issuer: textOf(peer.issuer),
    serialNumber: peer.serialNumber,
    fingerprint: peer.fingerprint256,
    publicKey: peer.publicKey256,
    policy: peer.policies,
    extendedKeyUsage: peer.extendedKeyUsage,
    ...listed(peer, ['keyUsage', 'qualified', 'admission'])
  }
  const isGiven = (entry: readonly [string, string | readonly string[] | undefined]):
    entry is [string, string | readonly string[]] => entry[1] !== undefined && entry[1].length > 0
  return Object.fromEntries(Object.entries(values).filter(isGiven))
}

function listed (
  peer: PeerIdentity, keys: readonly ListedKey[]
): Readonly<Record<string, readonly string[] | undefined>> {
  return Object.fromEntries(keys.map((key) => [key, listPeerValues(peer, key)]))
}

function textOf (name: PeerIdentity['subject']): string | undefined {
  return name === undefined || name.rdns.length === 0 ? undefined : String(name)
}

/** The values that rules can match, validity and key. */
export function describeIdentity (peer: PeerIdentity, key: string | undefined, now: number): string {
  const named = listRuleKeys(peer)
  const usages = (peer.extendedKeyUsage ?? []).map(nameUsage)
  return shownRows([
    ...Object.entries(named).map(([name, value]) => [name, name === 'extendedKeyUsage' ? usages : value] as const),
    ['valid', describeValidity(peer, now)],
    ['key', key],
    ['CA', peer.isCa === true ? 'yes: it may sign certificates, so a client or server should not use it' : undefined]
  ])
}

function describeValidity ({ notBefore, notAfter }: PeerIdentity, now: number): string | undefined {
  if (notBefore === undefined || notAfter === undefined) return undefined
  return `${describeMoment(notBefore)} to ${describeMoment(notAfter)}: ` +
    `${describePeriod(notBefore, endOfValidity({ notAfter }), now)}`
}

export interface ChainLink {
  readonly subject: string
  readonly issuer: string
  readonly notAfter: number | undefined
  /** Whether the next certificate signed it. */
  readonly signedByNext: boolean
  readonly selfSigned: boolean
}

/** Which certificate signed which, in the given order. */
export function readChain (certificates: readonly ReadCertificate[]): ChainLink[] {
  return certificates.map(({ peer }, index) => {
    const next = certificates[index + 1]?.peer
    return {
      subject: peer === undefined ? 'unreadable' : textOf(peer.subject) ?? String(peer),
      issuer: textOf(peer?.issuer) ?? 'unknown',
      notAfter: peer?.notAfter,
      signedByNext: isIssuedBy(peer, next),
      selfSigned: isIssuedBy(peer, peer)
    }
  })
}

/** Whether the names match and the signature is valid. This is not a path validation. */
export function isIssuedBy (peer: PeerIdentity | undefined, issuer: PeerIdentity | undefined): boolean {
  return peer !== undefined && issuer !== undefined && findIssuer(peer, [issuer]) !== undefined
}

export function describeChain (links: readonly ChainLink[], now: number): string {
  return links.map(({ subject, issuer, notAfter, signedByNext, selfSigned }, index) => {
    const signer = selfSigned
      ? 'self-signed'
      : signedByNext
        ? `signed by ${index + 2}`
        : `issued by ${shown(issuer)}, ${index + 1 < links.length ? `not signed by ${index + 2}` : 'which is not here'}`
    return `  ${index + 1}  ${shown(subject)}: ` +
      `${signer}${notAfter === undefined ? '' : `, ${describePeriod(undefined, endOfValidity({ notAfter }), now)}`}\n`
  }).join('')
}
