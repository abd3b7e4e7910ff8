import { parseSpiffeId } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'
import type { Condition } from '../match/condition.ts'
import type { AllowRule } from './allow-rule.ts'
import type { Binding } from './request-value.ts'
import type { RulePath } from './rule-path.ts'
import { readAdmission, showAdmission } from './values/admission.ts'
import { listUpns, readOtherName, readRegisteredId, readUpn, showOtherNames } from './values/alt-names.ts'
import {
  readAuthority, readExtendedKeyUsage, readFingerprint, readKeyUsage, readPolicy, readPublicKey, readSerialNumber
} from './values/certificate-fields.ts'
import { readDnsName, readEmail } from './values/domain.ts'
import { readExtension, showExtensions } from './values/extension.ts'
import { listAltNames } from './values/field-value.ts'
import type { FieldValue } from './values/field-value.ts'
import { readIp } from './values/ip.ts'
import { readNameRule } from './values/name-rule.ts'
import { listNames, readAttribute } from './values/name.ts'
import { readQualified, showQualified } from './values/qualified.ts'
import { listIds, readSpiffe, readTrustDomain, readUri } from './values/uri.ts'

/** The short spellings of `AllowRule`. */
type ShortKey = 'cn' | 'o' | 'ou'

/** The keys of a rule, by their full names. */
export type RuleKey = Exclude<keyof AllowRule, ShortKey>

/** Everything about one key. Only `AllowRule`, which has the keys, and the JSON Schema tell more. */
interface KeyDefinition {
  /** What is before its values in a sentence. */
  readonly phrase: string
  /** A short spelling. */
  readonly short?: ShortKey
  /** Its names in other software, in lower case, for suggestions in errors. */
  readonly otherNames?: readonly string[]
  /** The kind of claim that it matches. Without one, the key does not depend on what an authority vouches for. */
  readonly kind?: ClaimKind
  /** The OID, for a key that is short for an attribute of the subject. */
  readonly attribute?: string
  /**
   * Whether not every CA can issue its values: a SPIFFE trust domain has its own CA, and a digest is unique. A rule
   * without such a key gets a warning.
   */
  readonly isPinned?: boolean
  /** Reads one value, for keys whose values are strings. */
  readonly read?: (value: unknown, path: RulePath) => FieldValue
  /**
   * Reads one value, for keys whose values may be objects. All conditions must hold. Values of the request within it
   * are added to `bindings`.
   */
  readonly readConditions?: (value: unknown, path: RulePath, bindings: Binding[]) => readonly Condition[]
  /** The values of a certificate, for explanations; `undefined` if they are unknown. `values` are those of the rule. */
  readonly find: (peer: PeerIdentity, values: readonly unknown[]) => readonly string[] | undefined
}

/** Each key with everything that depends on it. */
export const RULE_KEYS: Readonly<Record<RuleKey, KeyDefinition>> = {
  subject: {
    phrase: 'subject is',
    otherNames: ['dn', 'name'],
    kind: 'subject',
    readConditions: (value, path, bindings) => readNameRule('subject', value, path, bindings),
    find: ({ subject }) => one(subject)
  },
  commonName: attribute('2.5.4.3', 'CN is', 'cn'),
  organization: attribute('2.5.4.10', 'O is', 'o'),
  organizationalUnit: attribute('2.5.4.11', 'OU is', 'ou'),
  dns: {
    phrase: 'DNS name is',
    otherNames: ['san', 'host', 'hostname', 'domain'],
    kind: 'dns',
    read: readDnsName,
    find: (peer) => listAltNames(peer, 'dns')
  },
  uri: {
    phrase: 'URI is', otherNames: ['url'], kind: 'uri', read: readUri, find: (peer) => listAltNames(peer, 'uri')
  },
  spiffe: { phrase: 'SPIFFE ID is', kind: 'spiffe', isPinned: true, read: readSpiffe, find: listIds },
  trustDomain: {
    phrase: 'trust domain is',
    otherNames: ['td'],
    kind: 'spiffe',
    isPinned: true,
    read: readTrustDomain,
    find: (peer) => listIds(peer)?.map((id) => parseSpiffeId(id).trustDomain)
  },
  email: {
    phrase: 'e-mail address is',
    otherNames: ['mail'],
    kind: 'email',
    read: readEmail,
    find: (peer) => listAltNames(peer, 'email')
  },
  ip: {
    phrase: 'IP address is',
    otherNames: ['address', 'cidr'],
    kind: 'ip',
    read: readIp,
    find: (peer) => listAltNames(peer, 'ip')
  },
  upn: {
    phrase: 'user principal name is',
    otherNames: ['userprincipalname', 'principal'],
    kind: 'upn',
    read: readUpn,
    find: listUpns
  },
  otherName: {
    phrase: 'other name is', otherNames: ['othername'], kind: 'upn', readConditions: readOtherName, find: showOtherNames
  },
  directoryName: {
    phrase: 'directory name is',
    otherNames: ['dirname'],
    kind: 'subject',
    readConditions: (value, path, bindings) => readNameRule('directoryName', value, path, bindings),
    find: (peer) => listNames(peer, 'directoryName')?.map(String)
  },
  registeredId: {
    phrase: 'registered ID is',
    otherNames: ['rid'],
    kind: 'registeredId',
    read: readRegisteredId,
    find: (peer) => listAltNames(peer, 'registeredId')
  },
  issuer: {
    phrase: 'issuer is',
    isPinned: true,
    readConditions: (value, path, bindings) => readNameRule('issuer', value, path, bindings),
    find: ({ issuer }) => one(issuer)
  },
  serialNumber: {
    phrase: 'serial number is', isPinned: true, read: readSerialNumber, find: ({ serialNumber }) => one(serialNumber)
  },
  fingerprint: {
    phrase: 'SHA-256 fingerprint is',
    otherNames: ['thumbprint', 'sha256'],
    isPinned: true,
    read: readFingerprint,
    find: ({ fingerprint256 }) => one(fingerprint256)
  },
  publicKey: {
    phrase: 'SHA-256 of the public key is',
    otherNames: ['spki', 'pin'],
    isPinned: true,
    read: readPublicKey,
    find: ({ publicKey256 }) => one(publicKey256)
  },
  policy: {
    phrase: 'policy is',
    otherNames: ['oid', 'policies'],
    kind: 'policy',
    read: readPolicy,
    find: ({ policies }) => policies
  },
  extendedKeyUsage: {
    phrase: 'extended key usage is',
    otherNames: ['eku'],
    read: readExtendedKeyUsage,
    find: ({ extendedKeyUsage }) => extendedKeyUsage
  },
  keyUsage: {
    phrase: 'key usage is', otherNames: ['ku', 'usage'], read: readKeyUsage, find: ({ keyUsage }) => keyUsage
  },
  qualified: {
    phrase: 'qualified statements have',
    otherNames: ['qcstatements', 'psd2', 'eidas', 'qwac', 'qseal'],
    kind: 'qualified',
    readConditions: readQualified,
    find: showQualified
  },
  admission: {
    phrase: 'admission has',
    otherNames: ['profession', 'registrationnumber', 'telematikid'],
    kind: 'admission',
    readConditions: readAdmission,
    find: showAdmission
  },
  extension: {
    phrase: 'extension is',
    otherNames: ['extensions', 'ext'],
    kind: 'extension',
    readConditions: readExtension,
    find: showExtensions
  },
  authority: {
    phrase: 'authority is',
    otherNames: ['ca', 'trust', 'vouchedby', 'authorities'],
    isPinned: true,
    read: readAuthority,
    find: ({ authority }) => one(authority)
  },
  via: {
    phrase: 'the nearest gateway has',
    otherNames: ['gateway', 'proxy'],
    find: ({ via, source }) => via.length === 0 && source !== 'tls' ? undefined : via.slice(-1).map(String)
  },
  not: { phrase: 'not', otherNames: ['except'], find: (peer) => [peer.toString()] },
  validFrom: { phrase: 'from', otherNames: ['notbefore', 'since', 'from', 'begins'], find: () => undefined },
  validUntil: {
    phrase: 'until', otherNames: ['notafter', 'expires', 'until', 'ends', 'validto'], find: () => undefined
  }
}

/** Short for an attribute of the subject. */
function attribute (oid: string, phrase: string, short: ShortKey): KeyDefinition {
  return {
    phrase,
    short,
    kind: 'subject',
    attribute: oid,
    read: (value, path) => readAttribute('subject', oid, value, path),
    find: ({ subject }) => subject?.values(oid)
  }
}

function one (value: { toString (): string } | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value.toString()]
}

/** Whether a key says when its rule holds, and nothing about the certificate. */
export function isPeriodKey (key: RuleKey): key is 'validFrom' | 'validUntil' {
  return key === 'validFrom' || key === 'validUntil'
}

const entries = Object.entries(RULE_KEYS) as [RuleKey, KeyDefinition][]

/** Every spelling of a key. A Map, so that `constructor` and `__proto__` in a JSON file are unknown keys. */
export const SPELLINGS: ReadonlyMap<string, RuleKey> = new Map<string, RuleKey>([
  ...entries.map(([key]): [string, RuleKey] => [key, key]),
  ...entries.flatMap(([key, { short }]): [string, RuleKey][] => short === undefined ? [] : [[short, key]])
])

/** Names of keys in other software, for suggestions in errors. */
export const OTHER_NAMES: ReadonlyMap<string, RuleKey> = new Map<string, RuleKey>(
  entries.flatMap(([key, { otherNames = [] }]) => otherNames.map((name): [string, RuleKey] => [name, key]))
)
