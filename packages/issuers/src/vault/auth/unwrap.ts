import { IssuerError, detailOf } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'

const STOLEN = 'somebody else has used it: make a new secret ID, destroy that one by its accessor, and find out who'

/**
 * Unwraps a secret ID. Where the wrapping token comes from is checked first, because it may have been exchanged.
 *
 * @param mount where the method is mounted: the token must have been made there
 * @throws IssuerError
 */
export async function unwrapSecretId (
  token: string, mount: string, api: VaultApi, signal: AbortSignal
): Promise<string> {
  const { data: { creation_path: path } } = await ask('sys/wrapping/lookup', { token })
  const made = new RegExp(`^auth/${mount.replaceAll('.', '\\.')}/role/[^/]+/(secret-id|custom-secret-id)$`)
  // In a namespace, the path may begin with it.
  if (typeof path !== 'string' || !made.test(path.slice(Math.max(path.indexOf(`auth/${mount}/`), 0)))) {
    const found = typeof path === 'string' ? JSON.stringify(api.hide(path.slice(0, 200))) : 'an unknown path'
    const detail = `the wrapping token in auth.appRole.secretId was made at ${found}; ` +
      `expected auth/${mount}/role/…/secret-id. It may have been exchanged`
    throw new IssuerError('denied', `${api.name}: ${detail}`)
  }
  const { data: { secret_id: secretId } } = await ask('sys/wrapping/unwrap', {}, token)
  if (typeof secretId === 'string' && secretId !== '') return secretId
  throw new IssuerError('answer', `${api.name}: POST sys/wrapping/unwrap answered without a secret_id`)

  async function ask (to: string, body: Record<string, string>, as?: string): ReturnType<VaultApi['call']> {
    try {
      return await api.call({ path: to, body, token: as, signal })
    } catch (error) {
      if (!(error instanceof IssuerError) || error.status !== 400) throw error
      const detail = detailOf(error)
      const options = { status: 400, cause: error }
      throw new IssuerError('denied', `${detail}. It has expired, was used before, or ${STOLEN}`, options)
    }
  }
}
