import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'
import { TAG } from '@peerkit/identity/der'
import { EXTENSION, KEY_USAGE, parseIpAddress } from '@peerkit/identity/x509'
import { DevCaOptionError } from '../errors.ts'
import type { ExtensionOption, IssueOptions, OtherNameOption } from '../options.ts'
import { encodeClaims } from './claims.ts'
import { encodeElement, encodeObjectIdentifier, encodeSequence } from './der.ts'
import { encodeName, listOf } from './distinguished-name.ts'
import { readDnsName, readEmail, readSpiffeId, readText, readUri } from './names.ts'
import { encodeValue } from './typed-value.ts'

/** Extended key usage purposes by name (RFC 5280 section 4.2.1.12). */
export const PURPOSES: Readonly<Record<string, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9'
}
const NETSCAPE_COMMENT = '2.16.840.1.113730.1.13'
const PROFILES = { server: ['serverAuth'], client: ['clientAuth'], both: ['serverAuth', 'clientAuth'] } as const

/** A comment in every certificate that says it is for development. Verifiers ignore it. */
export function developmentComment (): x509.Extension {
  return new x509.Extension(
    NETSCAPE_COMMENT,
    false,
    bytes(encodeElement(TAG.ia5String, Buffer.from('For development and tests only: Peerkit development CA')))
  )
}

/** The extensions of a leaf, including deliberate errors. */
export function leafExtensions (options: IssueOptions, emptySubject: boolean): x509.Extension[] {
  const { profile = 'both', policies = [], ca = false } = options
  const urlsOf = (option: 'crlUrls' | 'ocspUrls'): readonly string[] => {
    const urls = options[option] ?? []
    return options.checkNames === false ? urls : urls.map((url) => readUri(url, option))
  }
  const [crlUrls, ocspUrls] = [urlsOf('crlUrls'), urlsOf('ocspUrls')]
  if (!Object.hasOwn(PROFILES, profile)) {
    throw new DevCaOptionError(`profile is "${String(profile)}"; expected server, client or both`)
  }
  const usages = (options.extendedKeyUsage ?? PROFILES[profile]).map((name) => PURPOSES[name] ?? name)
  const names = encodeAltNames(options)
  const keyUsage = options.keyUsage ?? ['digitalSignature']
  const usage = keyUsage.reduce((bits, name) => bits | KEY_USAGE[name], ca ? KEY_USAGE.keyCertSign : 0)
  return [
    new x509.BasicConstraintsExtension(ca, undefined, true),
    ...(usage === 0 ? [] : [new x509.KeyUsagesExtension(usage, true)]),
    ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
    // RFC 5280 section 4.2.1.6: critical if the subject is empty.
    ...(names.length > 0
      ? [new x509.Extension(EXTENSION.subjectAltName, emptySubject, bytes(encodeSequence(...names)))]
      : []),
    ...(policies.length > 0 ? [new x509.CertificatePolicyExtension([...policies])] : []),
    ...encodeClaims(options).map(([oid, value]) => new x509.Extension(oid, false, bytes(value))),
    ...(crlUrls.length > 0 ? [new x509.CRLDistributionPointsExtension([...crlUrls])] : []),
    ...(ocspUrls.length > 0 ? [new x509.AuthorityInfoAccessExtension({ ocsp: [...ocspUrls] })] : []),
    developmentComment()
  ]
}

/** Adds extensions. One with the OID of a generated extension replaces it; a second one is added too. */
export function replaceExtensions (made: readonly x509.Extension[], own: readonly ExtensionOption[]): x509.Extension[] {
  const replaced = new Set(own.map(({ oid }) => oid))
  return [
    ...made.filter((extension) => !replaced.has(extension.type)),
    ...own.map(({ oid, critical = false, value }) => new x509.Extension(oid, critical, bytes(encodeValue(value))))
  ]
}

/** A copy, because @peculiar/x509 requires a view of an ArrayBuffer of its own. */
export function bytes (value: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(value)
}

const UPN = '1.3.6.1.4.1.311.20.2.3'

/** Checks a name and returns it as it is encoded. */
type Read = (name: string, option: string) => string

/**
 * The alternative names of a leaf (RFC 5280 section 4.2.1.6).
 *
 * @throws DevCaOptionError for one that is no name
 */
function encodeAltNames (options: IssueOptions): Uint8Array[] {
  const take = (option: 'dns' | 'uri' | 'spiffe' | 'email' | 'upn', read: Read): string[] => {
    return listOf(options[option]).map((name) => options.checkNames === false ? name : read(name, option))
  }
  const others: readonly OtherNameOption[] = options.otherName === undefined ? [] : [options.otherName].flat()
  const text = (number: number, value: string): Uint8Array => encodeElement(0x80 | number, Buffer.from(value))
  return [
    ...take('dns', readDnsName).map((value) => text(2, value)),
    ...listOf(options.ip).map((value) => encodeElement(0x87, encodeAddress(value))),
    ...[...take('spiffe', readSpiffeId), ...take('uri', readUri)].map((value) => text(6, value)),
    ...take('email', readEmail).map((value) => text(1, value)),
    ...[...take('upn', readText).map((value) => ({ oid: UPN, value })), ...others].map(({ oid, value }) => {
      return encodeElement(0xa0, encodeObjectIdentifier(oid), encodeElement(0xa0, encodeValue(value)))
    }),
    ...listOf(options.registeredId).map((oid) => encodeObjectIdentifier(oid).with(0, 0x88)),
    ...(options.directoryName === undefined ? [] : [encodeElement(0xa4, encodeName(options.directoryName))])
  ]
}

function encodeAddress (address: string): Uint8Array {
  // An IPv4-mapped address and one with a zone would match nothing.
  if (isIP(address) === 0 || (address.includes(':') && /[.%]/.test(address))) {
    throw new DevCaOptionError(`ip is ${JSON.stringify(address)}; expected an IPv4 or IPv6 address`)
  }
  return parseIpAddress(address)
}
