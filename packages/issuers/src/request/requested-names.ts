import { defineOptions, list, text } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'

/** The names that a certificate is asked for. */
export interface RequestedNames {
  /** Common name. Default: none. */
  readonly cn?: string | undefined
  /** Organization. Default: none. */
  readonly o?: string | undefined
  /** Organizational unit. Default: none. */
  readonly ou?: string | undefined
  /** DNS names. Default: none. */
  readonly dns?: readonly string[] | undefined
  /** IP addresses. Default: none. */
  readonly ip?: readonly string[] | undefined
  /** URIs, such as a SPIFFE ID. Default: none. */
  readonly uri?: readonly string[] | undefined
  /** E-mail addresses. Default: none. */
  readonly email?: readonly string[] | undefined
}

const NAMES: OptionSet = defineOptions<RequestedNames>('names', IssuerOptionError, {
  cn: text('a name'),
  o: text('a name'),
  ou: text('a name'),
  dns: list('DNS names', text('a DNS name')),
  ip: list('IP addresses', text('an IP address')),
  uri: list('URIs', text('a URI')),
  email: list('e-mail addresses', text('an e-mail address'))
})

/** @throws IssuerOptionError if a name is wrong, or there is none */
export function checkNames (names: RequestedNames, path: string): void {
  NAMES.check(names, path)
  const { cn, dns = [], ip = [], uri = [], email = [] } = names
  if (cn !== undefined || dns.length + ip.length + uri.length + email.length > 0) return
  throw new IssuerOptionError(`${path} has no name; expected at least one of cn, dns, ip, uri and email`)
}
