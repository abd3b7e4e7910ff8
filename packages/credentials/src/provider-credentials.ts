import { SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial } from './material.ts'
import { checkMaterialTypes, checkTrustGiven } from './material-check.ts'
import { MATERIAL_OPTIONS } from './memory-credentials.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkDuration, checkKeys } from './option-check.ts'
import { startTimedSource } from './timed/timed-source.ts'
import type { Fetched, TimedCredentials } from './timed/timed-source.ts'
import { TIMED_OPTIONS, readTimedOptions } from './timed/timed-options.ts'
import type { TimedOptions } from './timed/timed-options.ts'

/** What a provider is asked. */
export interface ProviderQuestion {
  /** Aborted when the time is up or the source is closed. */
  readonly signal: AbortSignal
  /** What is in force; undefined at the first question. */
  readonly previous: CredentialSnapshot | undefined
}

export interface ProvidedMaterial extends CredentialMaterial {
  /** When to ask again, in milliseconds from now: a lease's time, for example. Default: the option `refresh`. */
  readonly refreshAfter?: number | undefined
}

/** Fetches material: from Vault, AWS Secrets Manager, a KMS. */
export type CredentialProvider = (question: ProviderQuestion) => ProvidedMaterial | Promise<ProvidedMaterial>

export interface ProviderCredentialsOptions extends CheckOptions, TimedOptions {
  /** How often to ask, in milliseconds. Default 300,000. Asked sooner where a certificate has less than three times that left, never later. */
  readonly refresh?: number | undefined
}

/** Never more often than this, in milliseconds, however soon a certificate ends. */
const SOONEST = 1_000

/**
 * Credentials from a function, which is asked again and again. A question that fails, is not answered in time, or brings what is refused leaves the old in force, is told
 * to the subscribers and is repeated with back-off. Rejects where the first questions fail.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 */
export async function providerCredentials (provider: CredentialProvider, options: ProviderCredentialsOptions = {}): Promise<TimedCredentials> {
  if (typeof provider !== 'function') throw new MTLS_ERR_CREDENTIALS_OPTION(`providerCredentials got ${provider === null ? 'null' : typeof provider}; expected a function`)
  checkKeys(options, ['refresh', ...TIMED_OPTIONS, ...CHECK_OPTIONS], [], 'providerCredentials')
  checkCheckOptions(options, 'providerCredentials')
  const refresh = checkDuration(options.refresh, 300_000, 'refresh')
  const { timeout, retry, attempts, random } = readTimedOptions(options)
  const { use, chain, revocationPolicy, clock = SYSTEM_CLOCK } = options
  return await startTimedSource({
    fetch: async (question) => readAnswer(await provider(question)),
    nextAt: ({ notAfter }, refreshAfter) => {
      const now = clock.now()
      // A tenth of jitter: instances that were started together do not ask together for ever.
      const wished = (refreshAfter ?? refresh) * (1 - random() / 10)
      return now + Math.max(SOONEST, Math.min(wished, (notAfter - now) / 3))
    },
    what: 'provider',
    clock,
    timeout,
    retry,
    random,
    options: { use, chain, revocationPolicy, clock }
  }, attempts)
}

function readAnswer (answer: ProvidedMaterial): Fetched {
  checkKeys(answer, [...MATERIAL_OPTIONS, 'refreshAfter'], [], "the provider's answer")
  const { refreshAfter, ...material } = answer
  checkTrustGiven(material, "the provider's answer")
  checkMaterialTypes(material, "the provider's answer")
  return { material, refreshAfter: refreshAfter === undefined ? undefined : checkDuration(refreshAfter, 0, "the provider's refreshAfter") }
}
