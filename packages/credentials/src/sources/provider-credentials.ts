import { checkOption, defineOptions, func, required, span } from '@peerkit/identity/internal'
import { CredentialsOptionError } from '../errors.ts'
import { checkMaterialTypes, checkTrustGiven } from '../material/check-types.ts'
import { CHECK_OPTIONS, MATERIAL_OPTIONS } from '../material/material.ts'
import type { CheckOptions, GivenMaterial } from '../material/material.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { TIMED_OPTIONS } from './timed-plan.ts'
import type { Fetched, TimedOptions } from './timed-plan.ts'
import { startTimedSource } from './timed-source.ts'
import type { TimedCredentials } from './timed-source.ts'

/** What a provider is called with. */
export interface ProviderQuestion {
  /** Aborted after the option `timeout`, or when the source is closed. */
  readonly signal: AbortSignal
  /** The snapshot in use; undefined at the first call. */
  readonly previous: CredentialSnapshot | undefined
}

/** What a provider returns. */
export interface ProvidedMaterial extends GivenMaterial {
  /** Milliseconds until the next call, for example the duration of a lease. Default: the option `refresh`. */
  readonly refreshAfter?: number | undefined
}

/** Fetches certificate, key and CAs: from Vault, AWS Secrets Manager, a KMS. */
export type CredentialProvider = (question: ProviderQuestion) => ProvidedMaterial | Promise<ProvidedMaterial>

/** Options of `providerCredentials`. */
export interface ProviderCredentialsOptions extends CheckOptions, TimedOptions {
  /**
   * Milliseconds between calls. Default 300,000. The next call comes at the latest when a third of the certificate's
   * remaining lifetime has passed.
   */
  readonly refresh?: number | undefined
}

/** The shortest time between calls, in milliseconds, however soon a certificate expires. */
const SOONEST = 1_000

// Times between calls may be longer than a timer runs: WakeAt sleeps for an hour at most.
const OPTIONS = defineOptions<ProviderCredentialsOptions>('providerCredentials', CredentialsOptionError, {
  refresh: span(), ...TIMED_OPTIONS, ...CHECK_OPTIONS
})
/** What the provider returned, in errors about it. */
const ANSWERED = "the provider's answer"
const ANSWER = defineOptions<ProvidedMaterial>(ANSWERED, CredentialsOptionError, {
  ...MATERIAL_OPTIONS, refreshAfter: span()
})

/**
 * Loads credentials by calling a function at intervals.
 *
 * If a call fails, takes too long or returns material that fails a check, the former snapshot stays in use, subscribers
 * get the change `refused`, and the call is repeated with back-off.
 *
 * @param provider returns certificate, key and trusted CAs
 * @param options the interval, and how the material is checked
 * @returns the source, once a call succeeded
 * @throws CredentialsOptionError if an option or a returned value is missing, unknown or of the wrong type
 * @throws CredentialsUnavailableError if the first calls (option `attempts`) fail
 * @throws CredentialsRefusedError if the first material fails a check
 * @example
 * ```ts
 * const source = await providerCredentials(async ({ signal }) => {
 *   const { chain, key } = await ca.issue({ cn: 'ledger' }) // the client of your vault, with `signal`
 *   return { cert: chain, key, ca: ca.root }
 * }, { refresh: 60_000 })
 * await source.refresh()
 * await source.close()
 * ```
 */
export async function providerCredentials (
  provider: CredentialProvider, options: ProviderCredentialsOptions = {}
): Promise<TimedCredentials> {
  checkOption(provider, required(func()), 'provider', CredentialsOptionError)
  OPTIONS.check(options)
  const { refresh = 300_000 } = options
  return await startTimedSource({
    what: 'provider',
    name: undefined,
    stored: undefined,
    fetch: async (question) => readAnswer(await provider(question)),
    next: ({ notAfter }, { refreshAfter }, { clock, random }) => {
      // A tenth of jitter, so that instances that start together do not call at the same time for ever.
      const wished = (refreshAfter ?? refresh) * (1 - random() / 10)
      return { after: Math.max(SOONEST, Math.min(wished, (notAfter - clock.now()) / 3)) }
    }
  }, options)
}

function readAnswer (answer: ProvidedMaterial): Fetched {
  ANSWER.check(answer, ANSWERED)
  const { refreshAfter, ...material } = answer
  checkTrustGiven(material, ANSWERED)
  checkMaterialTypes(material, ANSWERED, true)
  return { material, refreshAfter }
}
