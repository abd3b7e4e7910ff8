import { isUnfolded, rdnKeys } from '@peerkit/identity'
import type { SubjectAltNameKind } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { EXTENSION, readName } from '@peerkit/identity/x509'
import type { Certificate } from '../certificate/certificate.ts'
import type { Budget } from '../path/limits.ts'
import { FORM } from './read-constraints.ts'
import type { NameConstraints, Subtree } from './read-constraints.ts'
import { isDomain, isWithin, matchesHost, readDnsName, readMailbox, readUri } from './text-name.ts'
import type { TextName } from './text-name.ts'

/** Whether a name is in a subtree; undefined if that cannot be decided. */
type Match<Name> = (name: Name, base: Subtree, kind: 'permitted' | 'excluded') => boolean | undefined

const TEXT_MATCHES: ReadonlyMap<number, Match<TextName>> = new Map([
  [FORM.dns, matchDns], [FORM.email, matchEmail], [FORM.uri, matchUri]
])

/** How many characters of a name an error shows. */
const MAX_SHOWN = 100

/**
 * Checks the names of a certificate against the name constraints of one CA (RFC 5280 section 6.1.3 (b) and (c)). Each
 * name must be in a permitted subtree of its form, if there is one, and in no excluded subtree. If a name cannot be
 * decided and its form is constrained, it is refused.
 *
 * @returns the violation, or undefined
 */
export function checkNames (
  certificate: Certificate, isLeaf: boolean, constraints: NameConstraints, budget: Budget
): string | undefined {
  const names = collectNames(certificate, isLeaf)
  if (constraints.flaw !== undefined) return `constraints that cannot be decided: ${constraints.flaw}`
  for (const { form } of [...constraints.permitted, ...constraints.excluded]) {
    if (names.others.has(form)) return `a name of a constrained form that is not supported, tag 0x${form.toString(16)}`
  }
  for (const [form, list] of names.text) {
    const fault = checkForm(form, list, TEXT_MATCHES.get(form)!, constraints, budget, showText)
    if (fault !== undefined) return fault
  }
  return checkForm(FORM.directoryName, names.directory, matchDirectory, constraints, budget, showDirectory) ??
    checkForm(FORM.ip, names.addresses, matchAddress, constraints, budget, showAddress)
}

function showText ({ text }: TextName): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN))
}

function showDirectory (rdns: readonly string[]): string {
  return JSON.stringify(rdns).slice(0, MAX_SHOWN)
}

function showAddress (octets: Uint8Array): string {
  return `IP address ${Buffer.from(octets).toString('hex')}`
}

function checkForm<Name> (
  form: number, names: readonly Name[], match: Match<Name>, constraints: NameConstraints, budget: Budget,
  show: (name: Name) => string
): string | undefined {
  if (names.length === 0) return undefined
  const permitted = constraints.permitted.filter((base) => base.form === form)
  const excluded = constraints.excluded.filter((base) => base.form === form)
  const flaw = [...permitted, ...excluded].find((base) => base.flaw !== undefined)?.flaw
  if (flaw !== undefined) return `constraints that cannot be decided: ${flaw}`
  // Spent before comparing, so that a hostile certificate cannot cause the work. A directory name is compared by RDN.
  const each = [...permitted, ...excluded].reduce((sum, { rdns }) => sum + Math.max(1, rdns.length), 0)
  if (!budget.spend('comparisons', names.length * each)) return 'too many comparisons'
  for (const name of names) {
    const isPermitted = permitted.length === 0 || permitted.some((base) => match(name, base, 'permitted') === true)
    if (!isPermitted) return `${show(name)} is not permitted`
    if (excluded.some((base) => match(name, base, 'excluded') !== false)) return `${show(name)} is excluded`
  }
  return undefined
}

/**
 * A DNS constraint covers `base` and all names below it. A wildcard covers all names below its host: it is excluded if
 * any of them is (CVE-2025-61727). RFC 5280 defines no leading period for DNS names. OpenSSL and others read `.base` as
 * all names below `base`. Whether an excluded `.base` includes `base` itself cannot be decided.
 */
function matchDns (
  { host, isWildcard }: TextName, { text }: Subtree, kind: 'permitted' | 'excluded'
): boolean | undefined {
  if (host === undefined) return undefined
  const isBelow = text.startsWith('.')
  const base = isBelow ? text.slice(1) : text
  // All names that a wildcard covers are below its host.
  if (isWithin(host, base) && (!isBelow || host !== base || isWildcard)) return true
  if (isBelow && host === base && kind === 'excluded') return undefined
  return isWildcard && kind === 'excluded' && isWithin(base, host)
}

function matchEmail ({ host, localPart }: TextName, { text }: Subtree): boolean | undefined {
  if (host === undefined) return undefined
  return text.includes('@') ? `${localPart ?? ''}@${host}` === text : matchesHost(host, text)
}

function matchUri ({ host }: TextName, { text }: Subtree): boolean | undefined {
  return host === undefined ? undefined : matchesHost(host, text)
}

/** A text that is too long to be normalized may still equal another one, so that cannot be decided. */
function matchDirectory (name: readonly string[], { rdns }: Subtree): boolean | undefined {
  if (name.some(isUnfolded) || rdns.some(isUnfolded)) return undefined
  return rdns.length <= name.length && rdns.every((rdn, index) => rdn === name[index])
}

function matchAddress (address: Uint8Array, { octets }: Subtree): boolean {
  if (octets.length !== 2 * address.length) return false
  return address.every((octet, index) => ((octet ^ octets[index]!) & octets[address.length + index]!) === 0)
}

/** The names to which name constraints apply, by the tag of their GeneralName. */
interface ConstrainedNames {
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
function collectNames (certificate: Certificate, isLeaf: boolean): ConstrainedNames {
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
