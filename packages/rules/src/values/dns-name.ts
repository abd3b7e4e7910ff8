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

const EXACT: CertificateField = { name: 'dns', segmented: false, read: (peer) => listAltNames(peer, 'dns')?.map((name) => name.toLowerCase()) }
const PARENT: CertificateField = { name: 'dns:parent', segmented: false, read: listParents }

/** A DNS name, or `*.` and a DNS name. @throws MTLS_ERR_RULE_INVALID */
export function readDnsName (value: unknown, path: RulePath): FieldValue {
  const text = readPrintable(value, path, EXPECTED, suggestAscii)
  const host = text.startsWith('*.') ? text.slice(2) : text
  if (host.includes('*') || host === '') refuseRule(path, 'never_matches', text, EXPECTED, '"*" stands for the whole first label and nothing else')
  if (isIP(host) !== 0) refuseRule(path, 'never_matches', text, EXPECTED, 'addresses are matched by "ip"')
  if (host.length > 253 || !host.split('.').every((label) => LABEL.test(label))) refuseRule(path, 'never_matches', text, EXPECTED, 'no certificate has such a dNSName')
  return { field: host === text ? EXACT : PARENT, key: host.toLowerCase() }
}

/** What a first label leaves. The label must be one of a host, or the `*` of a wildcard certificate, which claims no name that the rule does not cover. */
function listParents (peer: PeerIdentity): readonly string[] | undefined {
  return listAltNames(peer, 'dns')?.flatMap((name) => {
    const dot = name.indexOf('.')
    const label = name.slice(0, dot)
    return dot !== -1 && (label === '*' || LABEL.test(label)) ? [name.slice(dot + 1).toLowerCase()] : []
  })
}

function suggestAscii (text: string): string {
  const ascii = domainToASCII(text)
  return ascii === '' ? 'certificates hold ASCII only' : `certificates hold it as ${JSON.stringify(ascii)}`
}
