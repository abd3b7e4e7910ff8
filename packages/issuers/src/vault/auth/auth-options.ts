import {
  checkOption, defineOptions, describeSecret, describeValue, flag, required, text, valueOf, wrongOption
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../../errors.ts'
import { checkSecretSource, secretSource } from './secret-source.ts'
import type { SecretSource } from './secret-source.ts'

/** The method `approle`. */
export interface AppRoleAuth {
  readonly roleId: SecretSource
  /** Default: none, for roles with `bind_secret_id=false`. */
  readonly secretId?: SecretSource | undefined
  /**
   * Whether `secretId` is a wrapping token (`-wrap-ttl`). It is unwrapped once, and the secret ID is kept in memory.
   * Default false.
   */
  readonly wrapped?: boolean | undefined
  /** Where the method is mounted. Default `approle`. */
  readonly mount?: string | undefined
}

/** The method `kubernetes`. */
export interface KubernetesAuth {
  /** The role of the method. */
  readonly role: string
  /**
   * The token of the service account. A file is read at each login. Default
   * `/var/run/secrets/kubernetes.io/serviceaccount/token`.
   */
  readonly jwt?: SecretSource | undefined
  /** Where the method is mounted. Default `kubernetes`. */
  readonly mount?: string | undefined
}

/** The method `cert`. The certificate is that of `credentials` or `agent`. */
export interface CertificateAuth {
  /** The role of the method. Default: OpenBao tries all. */
  readonly role?: string | undefined
  /** Where the method is mounted. Default `cert`. */
  readonly mount?: string | undefined
  /**
   * Whether the issued certificate logs in, as soon as there is one. Until then, and after a restart, that of
   * `credentials` does. Default false: always that of `credentials`.
   */
  readonly own?: boolean | undefined
}

/**
 * How we authenticate. One of:
 *
 * - `token`: a token. A value is renewed before it ends. A function or a file is asked each time: its writer renews it.
 * - `appRole`, `kubernetes`, `certificate`: a login. Its token is renewed, and replaced by a login when it ends.
 * - `'proxy'`: none. A `bao agent` at `url` adds its token.
 */
export type VaultAuth =
  | { readonly token: SecretSource }
  | { readonly appRole: AppRoleAuth }
  | { readonly kubernetes: KubernetesAuth }
  | { readonly certificate: CertificateAuth }
  | 'proxy'

const METHODS = ['token', 'appRole', 'kubernetes', 'certificate'] as const
const MOUNT = valueOf('a path such as "approle"', (value) => typeof value === 'string' && isPath(value))
const APP_ROLE: OptionSet = defineOptions<AppRoleAuth>('appRole', IssuerOptionError, {
  roleId: required(secretSource), secretId: secretSource, wrapped: flag, mount: MOUNT
})
const KUBERNETES: OptionSet = defineOptions<KubernetesAuth>('kubernetes', IssuerOptionError, {
  role: required(text('the name of a role')), jwt: secretSource, mount: MOUNT
})
const CERTIFICATE: OptionSet = defineOptions<CertificateAuth>('certificate', IssuerOptionError, {
  role: text('the name of a role'), mount: MOUNT, own: flag
})

/** Whether it can be a path of the API: no empty, relative or encoded part. */
export function isPath (value: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(value)
}

/** @throws IssuerOptionError */
export function checkAuth (auth: VaultAuth): void {
  if (auth === 'proxy') return
  if (typeof auth !== 'object' || auth === null) {
    // A text may be the token itself.
    const found = typeof auth === 'string' ? 'a string' : describeValue(auth)
    throw wrongOption(IssuerOptionError, 'auth', found, EXPECTED_AUTH)
  }
  const keys = Object.keys(auth)
  const [method] = keys
  if (keys.length !== 1 || !METHODS.includes(method as typeof METHODS[number])) {
    const found = keys.length === 0 ? 'an empty object' : `an object with ${keys.join(', ')}`
    throw wrongOption(IssuerOptionError, 'auth', found, EXPECTED_AUTH)
  }
  const [inside] = Object.values(auth) as unknown[]
  if (method !== 'token' && typeof inside !== 'object') {
    throw wrongOption(IssuerOptionError, `auth.${method}`, describeSecret(inside), 'an object')
  }
  if ('token' in auth) {
    checkOption(auth.token, required(secretSource), 'auth.token', IssuerOptionError)
    checkSecretSource(auth.token, 'auth.token')
  } else if ('appRole' in auth) checkAppRole(auth.appRole)
  else if ('kubernetes' in auth) {
    KUBERNETES.check(auth.kubernetes, 'auth.kubernetes')
    checkSecretSource(auth.kubernetes.jwt, 'auth.kubernetes.jwt')
  } else CERTIFICATE.check(auth.certificate, 'auth.certificate')
}

/** What the option `auth` may be. */
export const EXPECTED_AUTH: string = `"proxy", or an object with one of ${METHODS.join(', ')}`

function checkAppRole (appRole: AppRoleAuth): void {
  APP_ROLE.check(appRole, 'auth.appRole')
  checkSecretSource(appRole.roleId, 'auth.appRole.roleId')
  checkSecretSource(appRole.secretId, 'auth.appRole.secretId')
  if (appRole.wrapped === true && appRole.secretId === undefined) {
    const expected = 'a wrapping token, because wrapped is true'
    throw wrongOption(IssuerOptionError, 'auth.appRole.secretId', 'missing', expected)
  }
}
