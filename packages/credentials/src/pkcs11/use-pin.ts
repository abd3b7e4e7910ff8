import { describeSecret, messageOf, wrongOption } from '@peerkit/identity/internal'
import { withinTime } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsClosedError, CredentialsOptionError, CredentialsUnavailableError } from '../errors.ts'
import type { Secret } from '../material/material.ts'
import type { Pkcs11Key } from './pkcs11-key.ts'
import { readPkcs11Uri } from './pkcs11-uri.ts'
import { rememberRefusedPin, wasPinRefused } from './refused-pins.ts'

/** The longest PIN that every version of the engine reads whole. A shorter part of a PIN would be a wrong PIN. */
const LONGEST_PIN = 31

/** Said of every PIN that a token refused. */
export const NOT_AGAIN = 'this PIN is not tried again, because tokens lock after a few wrong ones'

/** How the PIN is got. */
export interface PinLimits {
  readonly clock: Clock
  /** Time limit in milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** What is done with a PIN. */
export interface PinUse<Result> {
  /** Tries it once. */
  readonly use: (pin: Buffer) => Result | Promise<Result>
  /** Whether an error of `use` says that the token refused the PIN. */
  readonly isRefused: (error: unknown) => boolean
}

/**
 * Asks for the PIN of a key, lets it be used once, and wipes it. A PIN that the token refused before is not used.
 *
 * @param where the option and the key, for errors
 * @throws CredentialsUnavailableError (`pin`), CredentialsOptionError, CredentialsClosedError, or the error of `use`
 */
export async function usePin<Result> (
  key: Pkcs11Key, where: string, limits: PinLimits, { use, isRefused }: PinUse<Result>
): Promise<Result> {
  const { token } = readPkcs11Uri(key.pkcs11, where)
  const id = `${key.module} ${token}`
  const pin = await askPin(key, where, limits)
  try {
    if (wasPinRefused(id, pin)) {
      throw new CredentialsUnavailableError('pin', `${where}: the token refused this PIN before; ${NOT_AGAIN}`)
    }
    return await use(pin)
  } catch (error) {
    if (isRefused(error)) rememberRefusedPin(id, pin)
    throw error
  } finally {
    pin.fill(0)
  }
}

/** Asks for the PIN, and copies it. */
async function askPin ({ pin }: Pkcs11Key, where: string, limits: PinLimits): Promise<Buffer> {
  let answer: unknown
  try {
    const ask = async (signal: AbortSignal): Promise<Secret> => await pin({ signal })
    answer = await withinTime(ask, { ...limits, what: `${where}: pin` })
  } catch (error) {
    if (error instanceof CredentialsClosedError) throw error
    const detail = `${where}: the PIN function failed: ${messageOf(error)}`
    throw new CredentialsUnavailableError('pin', detail, { cause: error })
  }
  const wrong = (found: string): Error => {
    const expected = `1 to ${LONGEST_PIN} octets without a line break or a zero octet`
    return wrongOption(CredentialsOptionError, "the PIN function's answer", found, expected)
  }
  if (typeof answer !== 'string' && !(answer instanceof Uint8Array)) throw wrong(describeSecret(answer))
  const octets = Buffer.from(answer as string)
  if (octets.length === 0 || octets.length > LONGEST_PIN) throw wrong(`a PIN of ${octets.length} octets`)
  if (octets.some((octet) => octet === 0 || octet === 0x0a || octet === 0x0d)) {
    const hint = octets.at(-1) === 0x0a ? ' at its end, as files have' : ''
    throw wrong(`a PIN with a line break or a zero octet${hint}`)
  }
  return octets
}
