import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { describeValue } from '@peerkit/identity/internal'
import { parseIpAddress, renderIpAddress } from '@peerkit/identity/x509'
import { IssuerOptionError } from '../errors.ts'
import { checkNames } from '../request/requested-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'

/** The names that an ACME CA certifies. */
export type AcmeNames = Pick<RequestedNames, 'cn' | 'dns' | 'ip'>

/** A name as ACME writes it (RFC 8555 section 9.7.7, RFC 8738). */
export interface Identifier {
  readonly type: 'dns' | 'ip'
  readonly value: string
}

/** Certificates of public CAs have at most this many. */
const MOST = 100
const LABEL = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)$/

/** @throws IssuerOptionError if a name is wrong, or of a kind that ACME does not know */
export function readIdentifiers (names: RequestedNames): readonly Identifier[] {
  checkNames(names, 'names')
  for (const kind of ['o', 'ou', 'uri', 'email'] as const) {
    const value = names[kind]
    if (value === undefined || value.length === 0) continue
    throw new IssuerOptionError(`names.${kind} is ${describeValue(value)}; expected none: ACME knows dns and ip only`)
  }
  const { cn, dns = [], ip = [] } = names
  const read = [
    ...dns.map((name, index): Identifier => ({ type: 'dns', value: readDnsName(name, `names.dns[${index}]`) })),
    ...ip.map((address, index): Identifier => ({ type: 'ip', value: readAddress(address, `names.ip[${index}]`) }))
  ]
  const found = [...new Map(read.map((one) => [one.value, one])).values()]
  if (cn !== undefined && !found.some(({ value }) => value === cn)) {
    throw new IssuerOptionError(`names.cn is ${describeValue(cn)}; expected one of names.dns and names.ip, or none`)
  }
  if (found.length <= MOST) return found
  throw new IssuerOptionError(`names has ${found.length} names; expected at most ${MOST}`)
}

/** A name in lower case and ASCII, as it stands in certificates. @throws IssuerOptionError */
function readDnsName (name: string, path: string): string {
  const [, star = '', rest = ''] = /^(\*\.)?([^]*)$/.exec(name) as RegExpExecArray
  const ascii = isIP(rest) === 0 ? domainToASCII(rest) : ''
  const labels = ascii.split('.')
  // domainToASCII drops line breaks and decodes percent signs: in ASCII it may change nothing but the case.
  const isSame = /[^\0-\x7f]/.test(rest) ? !/[\s%]/.test(rest) : ascii === rest.toLowerCase()
  if (isSame && ascii.length <= 253 && labels.every((label) => LABEL.test(label))) return star + ascii
  throw new IssuerOptionError(`${path} is ${describeValue(name)}; expected a DNS name such as ledger.example or ` +
    '*.ledger.example')
}

/** An address in the form of RFC 5952. @throws IssuerOptionError */
function readAddress (address: string, path: string): string {
  const bytes = isIP(address) === 0 ? undefined : parseIpAddress(address)
  if (bytes !== undefined) return renderIpAddress(bytes)
  throw new IssuerOptionError(`${path} is ${describeValue(address)}; expected an IP address such as 192.0.2.7`)
}

/** The names of an order, in the form of its request and its certificate. */
export function namesOf (identifiers: readonly Identifier[]): Required<Pick<AcmeNames, 'dns' | 'ip'>> {
  const list = (wanted: Identifier['type']): string[] => {
    return identifiers.filter(({ type }) => type === wanted).map(({ value }) => value)
  }
  return { dns: list('dns'), ip: list('ip') }
}
