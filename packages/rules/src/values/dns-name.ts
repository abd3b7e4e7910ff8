import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { PeerIdentity } from '@peerkit/identity'
import { listAltNames } from '../list-alt-names.ts'
import { refuseRule } from '../refuse-rule.ts'
import type { RulePath } from '../rule-path.ts'
import type { CertificateField, FieldValue } from '../certificate-field.ts'
import { readPrintable } from './text.ts'

const EXPECTED = 'a DNS name, such as api.example.com or *.example.com'
const LABEL = /^[A-Za-z0-9_-]{1,63}$/

const EXACT: CertificateField = {
  name: 'dns',
  segmented: false,
  read: (peer) => listAltNames(peer, 'dns')?.map((name) => name.toLowerCase())
}
const PARENT: CertificateField = { name: 'dns:parent', segmented: false, read: listParents }

/** A DNS name, or `*.` and a DNS name. @throws RuleInvalidError */
export function readDnsName (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED, suggestAscii)
  const host = text.startsWith('*.') ? text.slice(2) : text
  const refuse = (hint: string): never => refuseRule(path, 'never_matches', text, EXPECTED, hint)
  if (host.includes('*') || host === '') refuse('"*" can only be the whole first label')
  if (isIP(host) !== 0) refuse('use "ip" for addresses')
  if (host.length > 253 || !host.split('.').every((label) => LABEL.test(label))) {
    refuse('no certificate has such a dNSName')
  }
  return { field: host === text ? EXACT : PARENT, key: host.toLowerCase() }
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
