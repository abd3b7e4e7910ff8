import { rdnKeys } from '@peerkit/identity'
import type { SubjectAltNameKind } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, readName } from '@peerkit/identity/x509'
import type { Certificate } from '../certificate/certificate.ts'
import { isDomain } from './domain.ts'
import { FORM } from './read-constraints.ts'
import { readDnsName, readMailbox, readUri } from './text-name.ts'
import type { TextName } from './text-name.ts'

/** The names to which name constraints apply, by the tag of their GeneralName. */
export interface ConstrainedNames {
  readonly text: ReadonlyMap<number, readonly TextName[]>
  readonly directory: readonly (readonly string[])[]
  readonly addresses: readonly Uint8Array[]
  /** Tags of names for which constraints are not supported. */
  readonly others: ReadonlySet<number>
}

/** The forms of names that cannot be read, by the list that lacks them. */
const FORMS: Readonly<Partial<Record<SubjectAltNameKind, number>>> = Object.freeze({
  dns: FORM.dns, email: FORM.email, uri: FORM.uri, ip: FORM.ip
})

/** SmtpUTF8Mailbox: mail addresses that constraints on rfc822Name do not cover (RFC 9598 section 6). */
const SMTP_UTF8_MAILBOX = '1.3.6.1.5.5.7.8.9'
const OTHER_NAME = 0xa0

/**
 * Collects the names of a certificate: its alternative names, its subject and the mail addresses in the subject (RFC
 * 5280 section 4.2.1.10). If a leaf has no DNS name, its common name counts as one if it looks like a host name, as in
 * OpenSSL, because rules may use it.
 */
export function collectNames (certificate: Certificate, isLeaf: boolean): ConstrainedNames {
  const known = isLeaf ? leaves : issuers
  let names = known.get(certificate)
  if (names === undefined) known.set(certificate, names = readNames(certificate, isLeaf))
  return names
}

/** Cached, because many paths may go through a certificate. */
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
  // A name that cannot be read, which is a tolerated flaw, cannot be decided: it is refused if its form is constrained.
  // An otherName without its text may be a mailbox.
  for (const kind of subjectAltNames!.unknown) others.add(FORMS[kind] ?? FORM.email)
  const hasUtf8Mailbox = others.has(OTHER_NAME) &&
    subjectAltNames!.otherName.some(({ type }) => type === SMTP_UTF8_MAILBOX)
  if (hasUtf8Mailbox) others.add(FORM.email)
  if (isLeaf && dns.length === 0) dns.push(...subject!.values('commonName').filter(looksLikeHost).map(readDnsName))
  return { text: new Map([[FORM.dns, dns], [FORM.email, email], [FORM.uri, uri]]), directory, addresses, others }
}

/** OpenSSL ignores NUL characters at the end of a name. `readDnsName` cannot decide such a name, so it is refused. */
function looksLikeHost (commonName: string): boolean {
  return isDomain(commonName.replace(/\0+$/, '')) && commonName.includes('.')
}
