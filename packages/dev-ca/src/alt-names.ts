import { isIP } from 'node:net'
import { parseIpAddress } from '@peerkit/identity/x509'
import { readDnsName, readEmail, readSpiffeId, readText, readUri } from './check-names.ts'
import { encodeElement, encodeObjectIdentifier } from './der.ts'
import { encodeName, listOf } from './encode-name.ts'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
import { asn1 } from './oid.ts'
import type { IssueOptions } from './options.ts'

const UPN = '1.3.6.1.4.1.311.20.2.3'

/** Checks a name and returns it as it is encoded. */
type Read = (name: string, option: string) => string

/**
 * The alternative names of a leaf (RFC 5280 section 4.2.1.6).
 *
 * @throws MTLS_ERR_DEV_CA_OPTION for one that is no name
 */
export function encodeAltNames (options: IssueOptions): Uint8Array[] {
  const take = (option: 'dns' | 'uri' | 'spiffe' | 'email' | 'upn', read: Read): string[] => {
    return listOf(options[option]).map((name) => options.checkNames === false ? name : read(name, option))
  }
  const text = (number: number, value: string): Uint8Array => encodeElement(0x80 | number, Buffer.from(value))
  return [
    ...take('dns', readDnsName).map((value) => text(2, value)),
    ...listOf(options.ip).map((value) => encodeElement(0x87, encodeAddress(value))),
    ...[...take('spiffe', readSpiffeId), ...take('uri', readUri)].map((value) => text(6, value)),
    ...take('email', readEmail).map((value) => text(1, value)),
    ...take('upn', readText).map((value) => encodeElement(
      0xa0,
      encodeObjectIdentifier(UPN),
      encodeElement(0xa0, encodeElement(asn1.utf8String, Buffer.from(value)))
    )),
    ...(options.directoryName === undefined ? [] : [encodeElement(0xa4, encodeName(options.directoryName))])
  ]
}

function encodeAddress (address: string): Uint8Array {
  // An IPv4-mapped address and one with a zone would match nothing.
  if (isIP(address) === 0 || (address.includes(':') && /[.%]/.test(address))) {
    throw new MTLS_ERR_DEV_CA_OPTION(`ip is ${JSON.stringify(address)}; expected an IPv4 or IPv6 address`)
  }
  return parseIpAddress(address)
}
