import type { AuthorityMaterial, Clock } from '@peerkit/credentials'
import { CLOCK } from '@peerkit/credentials/internal'
import {
  anything, choice, credentialSource, defineOptions, duration, func, methods, required, url, valueOf, wrongOption
} from '@peerkit/identity/internal'
import type { OptionSet, OptionTypes } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import { checkNames } from '../request/requested-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { checkAuth, EXPECTED_AUTH, isPath } from './auth/auth-options.ts'
import type { VaultAuth } from './auth/auth-options.ts'
import type { MountTrustMode, VaultAuthority } from './trust/mount-trust.ts'
import { checkSettings } from './trust/revocation-settings.ts'
import type { RevocationSettings } from './trust/revocation-settings.ts'
import type { VaultTransport } from './vault-dispatcher.ts'

/** Where OpenBao or Vault is, and how it is reached. */
export interface VaultServer extends VaultTransport {
  /** `https://bao.example:8200`. `http:` for addresses of this machine only. */
  readonly url: string
  /** The namespace, such as `team/app`. Default: the root namespace. */
  readonly namespace?: string | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
  /** Called with each warning. Default: a process warning, `MTLS_WARN_VAULT`, once for each text. */
  readonly onWarning?: ((warning: string) => void) | undefined
}

/** Options of `vaultIssuer`. */
export interface VaultIssuerOptions extends VaultServer {
  /** Where the PKI is mounted. Default `pki`. */
  readonly mount?: string | undefined
  /** The role of the mount. */
  readonly role: string
  /** The names to ask for. */
  readonly names: RequestedNames
  /** How we authenticate. */
  readonly auth: VaultAuth
  /**
   * `sign` (default): the key is made here, and never leaves the process. `issue`: OpenBao makes the key, and sends it.
   */
  readonly mode?: 'sign' | 'issue' | undefined
  /** How long the certificate is to be valid, in milliseconds. Default: as the role says. */
  readonly ttl?: number | undefined
  /** What the certificate is for. A role that issues no such certificate is refused. Default: not checked. */
  readonly use?: 'server' | 'client' | 'both' | undefined
  /** More parameters of the API, such as `{ exclude_cn_from_sans: true }`. Default: none. */
  readonly parameters?: Readonly<Record<string, string | number | boolean | readonly string[]>> | undefined
  /**
   * Which CAs are trusted with a certificate. `mount` (default): all of the mount, so that peers with a certificate of
   * its former CA are still accepted. `chain`: those above our certificate. `none`: the option `ca` or `authorities` of
   * `renewingCredentials`.
   */
  readonly trust?: MountTrustMode | undefined
  /** The limits of what the CAs of the mount may issue, and the name of their authority. Default: no limits. */
  readonly authority?: VaultAuthority | undefined
  /** More authorities to trust, such as those of partners. Default: none. */
  readonly authorities?: Readonly<Record<string, AuthorityMaterial>> | undefined
  /** Whether the CRLs of the mount are followed, and how. `true`: with the defaults. Default false. */
  readonly revocation?: boolean | RevocationSettings | undefined
}

/** The types of the options that every function has. */
export const SERVER_OPTIONS: OptionTypes<VaultServer> = {
  url: required(url('https://bao.example:8200; http: for addresses of this machine only', isSafe)),
  namespace: valueOf('a path such as "team/app"', (value) => typeof value === 'string' && isPath(value)),
  agent: methods(['dispatch'], 'a dispatcher'),
  ca: valueOf('CA certificates, PEM', (value) => [value].flat().every((pem) => {
    return typeof pem === 'string' && pem.includes('-----BEGIN CERTIFICATE-----')
  })),
  credentials: credentialSource,
  allowedServers: anything,
  clock: CLOCK,
  onWarning: func()
}

const PATH = valueOf('a path such as "pki"', (value) => typeof value === 'string' && isPath(value))
const OBJECT = valueOf('an object', isObject)
/** What the other options decide. */
const RESERVED = ['csr', 'common_name', 'alt_names', 'ip_sans', 'uri_sans', 'ttl', 'format', 'private_key_format']

const OPTIONS: OptionSet = defineOptions<VaultIssuerOptions>('vaultIssuer', IssuerOptionError, {
  ...SERVER_OPTIONS,
  mount: PATH,
  role: required(valueOf('the name of a role', (value) => typeof value === 'string' && /^\w[\w.-]*$/.test(value))),
  names: required(OBJECT),
  auth: required(valueOf(EXPECTED_AUTH, () => true)),
  mode: choice('sign', 'issue'),
  ttl: duration({ least: 1000 }),
  use: choice('server', 'client', 'both'),
  parameters: OBJECT,
  trust: choice('mount', 'chain', 'none'),
  authority: OBJECT,
  authorities: OBJECT,
  revocation: valueOf('true, false or an object', (value) => typeof value === 'boolean' || isObject(value))
})

/** @throws IssuerOptionError */
export function checkVaultOptions (options: VaultIssuerOptions): void {
  OPTIONS.check(options)
  const { url, mount = 'pki', names, auth, parameters = {} } = options
  const { trust, authority, authorities, revocation, credentials, agent } = options
  checkAddress(url, [mount])
  checkNames(names, 'names')
  for (const kind of ['dns', 'email'] as const) {
    // The API takes these names as one text.
    const wrong = (names[kind] ?? []).find((name) => /[\s,]/.test(name))
    if (wrong !== undefined) throw wrongOption(IssuerOptionError, `names.${kind}`, JSON.stringify(wrong), 'one name')
  }
  checkAuth(auth)
  const reserved = Object.keys(parameters).find((key) => RESERVED.includes(key))
  if (reserved !== undefined) {
    throw new IssuerOptionError(`parameters has ${reserved}; expected it as an option: names, ttl or mode`)
  }
  if (isObject(revocation)) checkSettings(revocation as RevocationSettings, 'revocation')
  const given = Object.entries({ authority, authorities, revocation: revocation === false ? undefined : revocation })
  const idle = given.find(([, value]) => value !== undefined)
  if (trust === 'none' && idle !== undefined) {
    throw new IssuerOptionError(`${idle[0]} is set, but trust is "none"; expected trust "mount" or "chain"`)
  }
  if (authority?.name !== undefined && authorities?.[authority.name] !== undefined) {
    const found = JSON.stringify(authority.name)
    throw new IssuerOptionError(`authorities has ${found}, the name of authority; expected another one`)
  }
  if (typeof auth !== 'object' || !('certificate' in auth)) return
  const { own = false } = auth.certificate
  if (credentials === undefined && (own || agent === undefined)) {
    const expected = own ? 'credentials, with which the first login is made' : 'credentials or an agent that has them'
    throw new IssuerOptionError(`auth.certificate is set without a certificate; expected ${expected}`)
  }
}

/**
 * Refuses an address that goes on with the path of a mount (`https://bao.example:8200/v1/pki`), as people copy it. Its
 * calls would go to paths that do not exist, and OpenBao answers `permission denied` to these.
 *
 * @throws IssuerOptionError
 */
export function checkAddress (url: string, mounts: readonly string[]): void {
  const { origin, pathname } = new URL(url)
  const path = `${pathname}/`.replace(/\/+$/, '/')
  if (path !== '/v1/' && !mounts.some((mount) => path.startsWith(`/v1/${mount}/`))) return
  const expected = `${JSON.stringify(origin)}: the path of the API follows from mount and namespace`
  throw wrongOption(IssuerOptionError, 'url', JSON.stringify(origin + pathname), expected)
}

function isSafe ({ protocol, hostname, username, password, search }: URL): boolean {
  if (username !== '' || password !== '' || search !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname))
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
