import { clipAll } from '@peerkit/identity/internal'
import { IssuerError, detailOf } from '../errors.ts'
import { textsOf } from './vault-api.ts'
import type { VaultApi } from './vault-api.ts'

interface DeniedContext {
  readonly api: VaultApi
  readonly token: string | undefined
  /** What was denied. */
  readonly path: string
  readonly signal: AbortSignal
}

/**
 * OpenBao answers `permission denied` to a token that has ended, to one without the right policy, and to a path that
 * does not exist. This finds out which, where the token may ask.
 */
export async function explainDenied (
  error: IssuerError, { api, token, path, signal }: DeniedContext
): Promise<IssuerError> {
  const why = token === undefined ? NO_TOKEN : await ask(api, token, path, signal)
  signal.throwIfAborted()
  const { status, retryAfter } = error
  const detail = `${detailOf(error)}. ${why}`
  return new IssuerError('denied', detail, { status, retryAfter, cause: error })
}

const NO_TOKEN = 'No token was sent (auth is "proxy"); expected an agent at url that adds one (use_auto_auth_token)'

async function ask (api: VaultApi, token: string, path: string, signal: AbortSignal): Promise<string> {
  try {
    const { data } = await api.call({ path: 'sys/capabilities-self', body: { paths: [path] }, token, signal })
    const found = textsOf(data[path])
    if (found.includes('update') || found.includes('root')) {
      return 'The policies of the token allow it; the mount may not exist'
    }
    // `deny` is what a path has that no policy of the token names.
    const named = found.filter((one) => one !== 'deny').map((one) => api.hide(one))
    const has = clipAll(named).join(', ') || 'nothing'
    return `The policies of the token allow ${has} there; expected: path "${path}" { capabilities = ["update"] }`
  } catch (cause) {
    if (cause instanceof IssuerError && cause.status === 403) {
      return 'The token is not valid: it has ended, was revoked or used as often as it may be (num_uses), or is of ' +
        'another namespace'
    }
    return 'Why is not known'
  }
}
