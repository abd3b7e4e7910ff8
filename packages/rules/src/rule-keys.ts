import type { RulePath } from './rule-path.ts'
import type { FieldValue } from './certificate-field.ts'
import { readDnsName } from './values/dns-name.ts'
import { readAttribute } from './values/attribute.ts'
import { readAuthority } from './values/authority.ts'
import { readFingerprint, readPublicKey } from './values/digest.ts'
import { readEmail } from './values/email.ts'
import { readIp } from './values/ip.ts'
import { readExtendedKeyUsage, readPolicy } from './values/object-identifier.ts'
import { readSerialNumber } from './values/serial-number.ts'
import { readSpiffe } from './values/spiffe.ts'
import { readUri } from './values/uri.ts'

/** The keys of a rule, by their full names. */
export type RuleKey =
  | 'subject' | 'commonName' | 'organization' | 'organizationalUnit' | 'dns' | 'uri' | 'spiffe' | 'email' | 'ip'
  | 'issuer' | 'serialNumber' | 'fingerprint' | 'publicKey' | 'policy' | 'extendedKeyUsage' | 'authority' | 'via'
  | 'not'

type ReadValue = (value: unknown, path: RulePath) => FieldValue

/** Keys whose values are strings, with the function that reads one. */
export const TEXT_KEYS: ReadonlyMap<RuleKey, ReadValue> = new Map<RuleKey, ReadValue>([
  ['commonName', (value, path) => readAttribute('subject', '2.5.4.3', value, path)],
  ['organization', (value, path) => readAttribute('subject', '2.5.4.10', value, path)],
  ['organizationalUnit', (value, path) => readAttribute('subject', '2.5.4.11', value, path)],
  ['dns', readDnsName],
  ['uri', readUri],
  ['spiffe', readSpiffe],
  ['email', readEmail],
  ['ip', readIp],
  ['serialNumber', readSerialNumber],
  ['fingerprint', readFingerprint],
  ['publicKey', readPublicKey],
  ['policy', readPolicy],
  ['extendedKeyUsage', readExtendedKeyUsage],
  ['authority', readAuthority],
])

/** Every spelling of a key. A Map, so that `constructor` and `__proto__` in a JSON file are unknown keys. */
export const RULE_KEYS: ReadonlyMap<string, RuleKey> = new Map<string, RuleKey>([
  ['subject', 'subject'], ['commonName', 'commonName'], ['organization', 'organization'],
  ['organizationalUnit', 'organizationalUnit'], ['dns', 'dns'], ['uri', 'uri'], ['spiffe', 'spiffe'],
  ['email', 'email'], ['ip', 'ip'], ['issuer', 'issuer'],
  ['serialNumber', 'serialNumber'], ['fingerprint', 'fingerprint'], ['publicKey', 'publicKey'], ['policy', 'policy'],
  ['extendedKeyUsage', 'extendedKeyUsage'], ['authority', 'authority'], ['via', 'via'], ['not', 'not'],
  ['cn', 'commonName'], ['o', 'organization'], ['ou', 'organizationalUnit'],
])

/** Names of keys in other software, for suggestions in errors. */
export const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['eku', 'extendedKeyUsage'], ['spki', 'publicKey'], ['pin', 'publicKey'], ['thumbprint', 'fingerprint'],
  ['sha256', 'fingerprint'], ['dn', 'subject'], ['name', 'subject'], ['san', 'dns'], ['host', 'dns'],
  ['hostname', 'dns'], ['domain', 'dns'], ['address', 'ip'], ['cidr', 'ip'], ['mail', 'email'], ['url', 'uri'],
  ['gateway', 'via'], ['proxy', 'via'], ['except', 'not'],
  ['oid', 'policy'], ['policies', 'policy'], ['ca', 'authority'], ['trust', 'authority'], ['vouchedby', 'authority'],
  ['authorities', 'authority'],
])
