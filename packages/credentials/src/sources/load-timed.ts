import { messageOf } from '@peerkit/identity/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { DEFAULT_AUTHORITY } from '../authority/list-authorities.ts'
import { withinTime } from '../clock.ts'
import { CredentialsUnavailableError } from '../errors.ts'
import { checkMaterial } from '../material/check-material.ts'
import type { CheckedMaterial } from '../material/check-material.ts'
import { OPTION_ORIGINS, crlsOf, digestInSlices } from '../material/material.ts'
import type { CredentialMaterial } from '../material/material.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import { openMaterial } from '../pkcs11/open-material.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import type { Fetched, Timed, TimedPlan } from './timed-plan.ts'

/** The longest wait that a provider or an issuer may ask for. A wrong date must not stop renewal for years. */
const DAY = 86_400_000

/** What was fetched and passed every check. */
export interface Loaded {
  readonly checked: CheckedMaterial
  readonly fetched: Fetched
  makeCheckers (changed: readonly CheckedAuthority[]): Promise<Checkers>
}

/**
 * Fetches and checks.
 *
 * @throws CredentialsUnavailableError, CredentialsRefusedError, CredentialsOptionError
 */
export async function loadTimed (
  timed: Timed, previous: CredentialSnapshot | undefined, signal: AbortSignal, fetch: TimedPlan['fetch'] = timed.fetch
): Promise<Loaded> {
  const { what, timing: { clock, timeout } } = timed
  const fetchOnce = async (ownSignal: AbortSignal): Promise<Fetched> => await fetch({ signal: ownSignal, previous })
  const fetched = await ask(async () => await withinTime(fetchOnce, { clock, timeout, signal, what }), what)
  return await checkFetched(timed, fetched, { previous, signal })
}

/** What was fetched is checked against. */
interface CheckContext {
  readonly previous: CredentialSnapshot | undefined
  /** Ends the opening of a key in a token. */
  readonly signal: AbortSignal
  /** The key in a token that is not opened again if it fits. Default: none. */
  readonly inUse?: OpaqueKey | undefined
}

/** @throws CredentialsUnavailableError, CredentialsRefusedError, CredentialsOptionError */
export async function checkFetched (
  { timing: { clock, timeout }, checkOptions: options }: Timed, fetched: Fetched,
  { previous, signal, inUse }: CheckContext
): Promise<Loaded> {
  const material = await openMaterial(fetched.material, {
    certOrigin: OPTION_ORIGINS.cert, inUse, clock, timeout, signal
  })
  const crlDigests = await digestCrls(material)
  const checked = checkMaterial(material, { origins: OPTION_ORIGINS, options, previous, crlDigests })
  const makeCheckers = async (changed: readonly CheckedAuthority[]): Promise<Checkers> =>
    await loadCheckers(changed, (name) => crlsOf(material, name), clock, checked, previous)
  return { checked, fetched, makeCheckers }
}

async function digestCrls (material: CredentialMaterial): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = Object.keys(material.authorities ?? { [DEFAULT_AUTHORITY]: material })
  return new Map(await Promise.all(names.map(async (name) => {
    return [name, await Promise.all(crlsOf(material, name).map(digestInSlices))] as const
  })))
}

/**
 * Keeps errors of this package. Any other error of a provider or an issuer becomes CredentialsUnavailableError.
 */
async function ask<Answer> (question: () => Promise<Answer>, what: string): Promise<Answer> {
  try {
    return await question()
  } catch (error) {
    const { code, retryAfter } = (error instanceof Error ? error : {}) as { code?: unknown, retryAfter?: unknown }
    if (String(code).startsWith('MTLS_ERR_CREDENTIALS_')) throw error
    const wait = typeof retryAfter === 'number' && retryAfter >= 0 ? { retryAfter: Math.min(retryAfter, DAY) } : {}
    throw new CredentialsUnavailableError('provider', `${what} failed: ${messageOf(error)}`, { cause: error, ...wait })
  }
}
