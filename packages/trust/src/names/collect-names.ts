import { rdnKeys } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, readName } from '@peerkit/identity/x509'
import type { Certificate } from '../certificate/certificate.ts'
import { isDomain } from './domain.ts'
import { FORM } from './read-constraints.ts'
import { readDnsName, readMailbox, readUri } from './text-name.ts'
import type { TextName } from './text-name.ts'

/** Every name that name constraints speak of, by the tag of its GeneralName. */
export interface ConstrainedNames {
  readonly text: ReadonlyMap<number, readonly TextName[]>
  readonly directory: readonly (readonly string[])[]
  readonly addresses: readonly Uint8Array[]
  /** Tags of the names that no constraint can be decided for. */
  readonly others: ReadonlySet<number>
}

/** SmtpUTF8Mailbox: mail addresses that hide from constraints on mail addresses (RFC 9598 section 6). */
const SMTP_UTF8_MAILBOX = '1.3.6.1.5.5.7.8.9'
const OTHER_NAME = 0xa0

/**
 * The names of a certificate: its alternative names, its subject, mail addresses in the subject (RFC 5280 section 4.2.1.10), and a leaf's common name where it looks
 * like a host's and no alternative name is there to say better, as OpenSSL does: rules may go by it.
 */
export function collectNames (certificate: Certificate, isLeaf: boolean): ConstrainedNames {
  const known = isLeaf ? leaves : issuers
  let names = known.get(certificate)
  if (names === undefined) known.set(certificate, names = readNames(certificate, isLeaf))
  return names
}

/** Read once for each certificate, however many paths go through it. */
const leaves = new WeakMap<Certificate, ConstrainedNames>()
const issuers = new WeakMap<Certificate, ConstrainedNames>()

function readNames (certificate: Certificate, isLeaf: boolean): ConstrainedNames {
  const { subject, subjectAltNames } = certificate.identity
  const dns: TextName[] = []
  const email: TextName[] = subject!.values('emailAddress').map(readMailbox)
  const uri: TextName[] = []
  const directory: (readonly string[])[] = certificate.subjectRdns.length > 0 ? [certificate.subjectRdns] : []
  const addresses: Uint8Array[] = []
  const others = new Set<number>()
  const extension = certificate.fields.extensions.get(EXTENSION.subjectAltName)
  if (extension !== undefined) {
    const { value } = extension
    const reader = new DerReader(value).enter(TAG.sequence)
    while (!reader.done) {
      const { tag, contentStart, end } = reader.next()
      const text = (): string => Buffer.from(value.subarray(contentStart, end)).toString('latin1')
      switch (tag) {
        case FORM.directoryName: directory.push(rdnKeys(readName(value, contentStart, end))); break
        case FORM.ip: addresses.push(value.subarray(contentStart, end)); break
        case FORM.dns: dns.push(readDnsName(text())); break
        case FORM.email: email.push(readMailbox(text())); break
        case FORM.uri: uri.push(readUri(text())); break
        default: others.add(tag)
      }
    }
  }
  if (others.has(OTHER_NAME) && subjectAltNames!.otherName.some(({ type }) => type === SMTP_UTF8_MAILBOX)) others.add(FORM.email)
  if (isLeaf && dns.length === 0) {
    // OpenSSL reads a name up to NUL characters at its end; such a name is not decided.
    dns.push(...subject!.values('commonName').filter((name) => isDomain(name.replace(/\0+$/, '')) && name.includes('.')).map(readDnsName))
  }
  return { text: new Map([[FORM.dns, dns], [FORM.email, email], [FORM.uri, uri]]), directory, addresses, others }
}
