import { SYSTEM_CLOCK } from '@peerkit/credentials/internal'
import { choice, defineOptions, list, required, valueOf } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { IssuerOptionError } from '../errors.ts'
import { isPath } from './auth/auth-options.ts'
import { Secrets } from './auth/secrets.ts'
import { fetchThrough } from './dispatch-fetch.ts'
import { followMounts } from './trust/mount-revocation.ts'
import { checkPolicy, REVOCATION_SETTINGS } from './trust/revocation-settings.ts'
import type { RevocationSettings } from './trust/revocation-settings.ts'
import { VaultApi } from './vault-api.ts'
import { openTransport } from './vault-dispatcher.ts'
import { checkAddress, SERVER_OPTIONS } from './vault-options.ts'
import type { VaultServer } from './vault-options.ts'
import { makeWarn } from './vault-warnings.ts'

/** Options of `vaultRevocation`. */
export interface VaultRevocationOptions extends VaultServer, Omit<RevocationSettings, 'mounts'> {
  /** The mounts whose CAs are followed: that of the issuing CA, and those of the CAs above it. Default `['pki']`. */
  readonly mounts?: readonly string[] | undefined
  /** `required` (default): rejects unless every list is there. `background`: starts at once, and refuses meanwhile. */
  readonly initial?: 'required' | 'background' | undefined
}

const PATH = valueOf('a path such as "pki"', (value) => typeof value === 'string' && isPath(value))
const OPTIONS: OptionSet = defineOptions<VaultRevocationOptions>('vaultRevocation', IssuerOptionError, {
  ...SERVER_OPTIONS,
  ...REVOCATION_SETTINGS,
  mounts: list('at least one mount', required(PATH), 1),
  initial: choice('required', 'background')
})

/**
 * Follows the CRLs, the delta CRLs and if wanted the OCSP responder of mounts, for certificates that came another way,
 * such as files of `bao agent`. It is the option `checker` of an authority. Needs no token.
 *
 * @param options `url` is required
 * @throws IssuerOptionError (as a rejection) if an option is missing, unknown or wrong
 * @throws IssuerError, CrlUnavailableError, CrlInvalidError (as a rejection) if the lists cannot be loaded
 * @example
 * ```ts
 * const checker = await vaultRevocation({ url: 'http://127.0.0.1:1', initial: 'background' })
 * console.log(checker.permits(await checker.check(peer, undefined), peer)) // false
 * await checker.close()
 * ```
 */
export async function vaultRevocation (options: VaultRevocationOptions): Promise<RevocationChecker> {
  OPTIONS.check(options)
  checkPolicy(options.policy, 'policy')
  const { url, namespace, clock = SYSTEM_CLOCK, onWarning, mounts = ['pki'], initial = 'required' } = options
  checkAddress(url, mounts)
  const { delta, ocsp, policy, refreshInterval } = options
  const transport = openTransport(options, false)
  const { dispatcher, trusted } = transport
  const api = new VaultApi({
    url, namespace, dispatcher, trusted, secrets: new Secrets(), now: () => clock.now()
  })
  const checker = followMounts({
    api,
    mounts,
    settings: { delta, ocsp, policy, refreshInterval },
    fetch: fetchThrough(dispatcher),
    clock,
    warn: makeWarn(api.name, onWarning),
    close: async () => { await transport.close() }
  })
  try {
    const following = checker.follow()
    if (initial === 'required') await following
    else following.catch(() => {})
    return checker
  } catch (error) {
    await checker.close()
    throw error
  }
}
