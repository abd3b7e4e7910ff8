import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from './list-alt-names.ts'
import { listIds } from './list-ids.ts'
import type { RuleKey } from './rule-keys.ts'

const MAX_VALUES = 10
const MAX_LENGTH = 256

function one (value: { toString (): string } | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value.toString()]
}

/** Reads the values of a certificate for each key; `undefined` if they are unknown. */
const READERS: Readonly<Record<RuleKey, (peer: PeerIdentity) => readonly string[] | undefined>> = {
  subject: (peer) => one(peer.subject),
  commonName: (peer) => peer.subject?.values('CN'),
  organization: (peer) => peer.subject?.values('O'),
  organizationalUnit: (peer) => peer.subject?.values('OU'),
  dns: (peer) => listAltNames(peer, 'dns'),
  uri: (peer) => listAltNames(peer, 'uri'),
  spiffe: listIds,
  email: (peer) => listAltNames(peer, 'email'),
  ip: (peer) => listAltNames(peer, 'ip'),
  issuer: (peer) => one(peer.issuer),
  serialNumber: (peer) => one(peer.serialNumber),
  fingerprint: (peer) => one(peer.fingerprint256),
  publicKey: (peer) => one(peer.publicKey256),
  policy: (peer) => peer.policies,
  extendedKeyUsage: (peer) => peer.extendedKeyUsage,
  authority: (peer) => one(peer.authority),
  via: (peer) => peer.via.length === 0 && peer.source !== 'tls' ? undefined : peer.via.slice(-1).map(String),
  not: (peer) => [peer.toString()],
}

/** The values of a certificate for a key, shortened: a certificate may have a hundred thousand octets of names. */
export function listFound (key: RuleKey, peer: PeerIdentity): readonly string[] | undefined {
  return READERS[key](peer)?.slice(0, MAX_VALUES).map(shorten)
}

function shorten (text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text
}
