import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { PeerIdentity } from '@peerkit/identity'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { listAltNames, readPrintable } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'

const EXPECTED_DNS = 'a DNS name, such as api.example.com or *.example.com'
const LABEL = /^[A-Za-z0-9_-]{1,63}$/

const DNS: CertificateField = {
  name: 'dns',
  segmented: false,
  read: (peer) => listAltNames(peer, 'dns')?.map((name) => name.toLowerCase())
}
const DNS_PARENT: CertificateField = { name: 'dns:parent', segmented: false, read: listParents }

/** A DNS name, or `*.` and a DNS name. @throws RuleInvalidError */
export function readDnsName (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED_DNS, suggestAscii)
  const host = text.startsWith('*.') ? text.slice(2) : text
  const refuse = (hint: string): never => refuseRule(path, 'never_matches', text, EXPECTED_DNS, hint)
  if (host.includes('*') || host === '') refuse('"*" can only be the whole first label')
  if (isIP(host) !== 0) refuse('use "ip" for addresses')
  if (host.length > 253 || !host.split('.').every((label) => LABEL.test(label))) {
    refuse('no certificate has such a dNSName')
  }
  const key = host.toLowerCase()
  return host === text ? { field: DNS, key } : { field: DNS_PARENT, key, coversMany: true }
}

/**
 * The names without their first label. That label must be valid, or the `*` of a wildcard certificate, which covers
 * only names that the rule covers too.
 */
function listParents (peer: PeerIdentity): readonly string[] | undefined {
  return listAltNames(peer, 'dns')?.flatMap((name) => {
    const dot = name.indexOf('.')
    const label = name.slice(0, dot)
    return dot !== -1 && (label === '*' || LABEL.test(label)) ? [name.slice(dot + 1).toLowerCase()] : []
  })
}

function suggestAscii (text: string): string {
  const ascii = domainToASCII(text)
  return ascii === '' ? 'names in certificates are ASCII' : `in certificates it is ${JSON.stringify(ascii)}`
}

const EXPECTED_EMAIL = 'an e-mail address, such as ops@example.com'
const HOST = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/

const EMAIL: CertificateField = {
  name: 'email',
  segmented: false,
  read: (peer: PeerIdentity) => listAltNames(peer, 'email')?.map(foldHost)
}

/** A mail address. @throws RuleInvalidError */
export function readEmail (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED_EMAIL)
  const at = text.lastIndexOf('@')
  if (at < 1 || !HOST.test(text.slice(at + 1))) refuseRule(path, 'invalid_value', text, EXPECTED_EMAIL)
  if (text.includes('*')) refuseRule(path, 'never_matches', text, EXPECTED_EMAIL, 'there are no wildcards in addresses')
  return { field: EMAIL, key: foldHost(text) }
}

/** RFC 5280 section 7.5: the host is case-insensitive, the local part case-sensitive. */
export function foldHost (address: string): string {
  const at = address.lastIndexOf('@')
  return at === -1 ? address : address.slice(0, at) + address.slice(at).toLowerCase()
}
