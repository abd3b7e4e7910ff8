import { IssuerError, detailOf } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'
import type { AppRoleAuth, CertificateAuth, KubernetesAuth, VaultAuth } from './auth-options.ts'
import { readSecret } from './secret-source.ts'
import type { SecretSource } from './secret-source.ts'
import type { Secrets } from './secrets.ts'
import { unwrapSecretId } from './unwrap.ts'

/** A token, and how long it is valid. */
export interface Token {
  readonly value: string
  /** Milliseconds that it is valid from when it was given. Undefined: it does not end, or nothing is known. */
  readonly lifetime: number | undefined
  /** Whether it can be renewed. */
  readonly renewable: boolean
}

/** Gets a token. @throws IssuerError */
export type Login = (signal: AbortSignal) => Promise<Token>

const SERVICE_ACCOUNT: SecretSource = { file: '/var/run/secrets/kubernetes.io/serviceaccount/token' }

const WRONG_APP_ROLE = 'auth.appRole: one of roleId and secretId is wrong, or the secret ID has ended or is used up ' +
  '(secret_id_ttl, secret_id_num_uses)'
const WRONG_JWT = 'auth.kubernetes: the role does not exist there, or does not accept this service account'
const WRONG_CERTIFICATE = 'auth.certificate: no role there accepts the certificate that was presented'

/** Makes the function that logs in. `'proxy'` and `token` need none. */
export function makeLogin (
  auth: Exclude<VaultAuth, 'proxy' | { token: SecretSource }>, api: VaultApi, secrets: Secrets
): Login {
  if ('appRole' in auth) return appRoleLogin(auth.appRole, api, secrets)
  if ('kubernetes' in auth) return kubernetesLogin(auth.kubernetes, api, secrets)
  return certificateLogin(auth.certificate, api, secrets)
}

function appRoleLogin (
  { roleId, secretId, wrapped = false, mount = 'approle' }: AppRoleAuth, api: VaultApi, secrets: Secrets
): Login {
  let unwrapped: string | undefined
  /** A wrapping token counts once, so what it held is kept. */
  const unwrap = async (signal: AbortSignal): Promise<string> => {
    const token = secrets.add(await readSecret(secretId as SecretSource, 'auth.appRole.secretId', signal))
    unwrapped = secrets.add(await unwrapSecretId(token, mount, api, signal))
    return unwrapped
  }
  const readSecretId = async (signal: AbortSignal): Promise<string | undefined> => {
    if (secretId === undefined) return undefined
    if (wrapped) return unwrapped ?? await unwrap(signal)
    return secrets.add(await readSecret(secretId, 'auth.appRole.secretId', signal))
  }
  return async (signal) => {
    const role = secrets.add(await readSecret(roleId, 'auth.appRole.roleId', signal))
    const secret = await readSecretId(signal)
    const body = { role_id: role, ...(secret !== undefined && { secret_id: secret }) }
    return await logIn(`auth/${mount}/login`, body, { api, secrets, signal, wrong: WRONG_APP_ROLE })
  }
}

function kubernetesLogin (
  { role, jwt = SERVICE_ACCOUNT, mount = 'kubernetes' }: KubernetesAuth, api: VaultApi, secrets: Secrets
): Login {
  return async (signal) => {
    const token = secrets.add(await readSecret(jwt, 'auth.kubernetes.jwt', signal))
    return await logIn(`auth/${mount}/login`, { role, jwt: token }, { api, secrets, signal, wrong: WRONG_JWT })
  }
}

function certificateLogin (
  { role, mount = 'cert' }: CertificateAuth, api: VaultApi, secrets: Secrets
): Login {
  return async (signal) => {
    try {
      const body = role === undefined ? {} : { name: role }
      return await logIn(`auth/${mount}/login`, body, { api, secrets, signal, wrong: WRONG_CERTIFICATE })
    } catch (error) {
      if (!(error instanceof IssuerError) || !error.message.includes('missing name in alias')) throw error
      const detail = `${detailOf(error)}. OpenBao names who logs in by the common name ` +
        'of the certificate, and this one has none: ask for one with names.cn'
      throw new IssuerError('denied', detail, { status: error.status, cause: error })
    }
  }
}

interface LoginContext {
  readonly api: VaultApi
  readonly secrets: Secrets
  readonly signal: AbortSignal
  /** What is wrong, usually, if OpenBao does not accept what was sent. */
  readonly wrong: string
}

/** OpenBao answers `permission denied` also where no method is mounted. */
function describeDenial (status: number | undefined, path: string, wrong: string): string {
  return status === 403 ? `${wrong}; or nothing is mounted at ${path.replace(/login$/, '')} (bao auth list)` : wrong
}

async function logIn (
  path: string, body: Readonly<Record<string, string>>, { api, secrets, signal, wrong }: LoginContext
): Promise<Token> {
  try {
    const { auth } = await api.call({ path, body, signal })
    return readToken(auth, secrets, `${api.name}: POST ${path}`)
  } catch (error) {
    // OpenBao answers 400 to wrong secrets. The authentication failed, and not the request for a certificate.
    if (!(error instanceof IssuerError) || (error.status !== 400 && error.status !== 403)) throw error
    const { status, retryAfter } = error
    const detail = `${detailOf(error)}. ${describeDenial(status, path, wrong)}`
    throw new IssuerError('denied', detail, { status, retryAfter, cause: error })
  }
}

/** Reads the token of a login or a renewal. @throws IssuerError */
export function readToken (auth: Readonly<Record<string, unknown>> | undefined, secrets: Secrets, what: string): Token {
  const { client_token: value, lease_duration: seconds, renewable } = auth ?? {}
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw new IssuerError('answer', `${what} answered without a token; expected auth.client_token`)
  }
  secrets.add(value)
  return { value, lifetime: readSeconds(seconds), renewable: renewable === true }
}

/** Seconds as milliseconds. 0 is a token that does not end. */
export function readSeconds (seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : undefined
}
