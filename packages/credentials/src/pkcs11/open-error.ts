import { CredentialsUnavailableError, refused } from '../errors.ts'
import { describeMissingEngine, isEngineMissing } from './engine.ts'
import { NOT_AGAIN } from './use-pin.ts'

/** An error of OpenSSL, as Node throws it. */
interface OpensslError extends Error {
  readonly code?: string
  readonly library?: string
  readonly reason?: string
}

/** What is wrong with a PIN (PKCS#11 3.1 section 5.6, the errors CKR_PIN_…). */
const PIN_ERRORS: Readonly<Record<string, string>> = {
  ERR_OSSL_PIN_INCORRECT: 'the token refused the PIN',
  ERR_OSSL_PIN_INVALID: 'the token refused the PIN: it has characters that the token does not allow',
  ERR_OSSL_PIN_LEN_RANGE: 'the token refused the PIN: it is too short or too long',
  ERR_OSSL_PIN_EXPIRED: 'the PIN of the token has expired',
  ERR_OSSL_PIN_LOCKED: 'the token is locked after too many wrong PINs'
}

/** Whether the token refused the PIN itself: the same one would be refused again, and be counted. */
export function isPinRefused (error: unknown): boolean {
  return /^ERR_OSSL_PIN_(?:INCORRECT|INVALID|LEN_RANGE)$/.test((error as OpensslError).code ?? '')
}

/**
 * What an error of OpenSSL says about a key in a token. Only its code and its words are kept.
 *
 * @param where the option and the key
 */
export function describeOpenError (error: unknown, where: string): Error {
  // Of the engine or the PIN function, and clear already.
  if (String((error as OpensslError).code).startsWith('MTLS_ERR_')) return error as Error
  const { code = 'no code', library = '', reason, message } = error as OpensslError
  const why = `${reason ?? message} (${code})`
  const unavailable = (kind: 'engine' | 'module' | 'pin' | 'token', detail: string): Error => {
    return new CredentialsUnavailableError(kind, `${where}: ${detail}`)
  }
  if (isEngineMissing(error)) {
    return unavailable('engine', `OpenSSL cannot load the PKCS#11 engine; expected ${describeMissingEngine()}`)
  }
  const pin = PIN_ERRORS[code]
  if (pin !== undefined) return unavailable('pin', `${pin} (${code})${isPinRefused(error) ? `; ${NOT_AGAIN}` : ''}`)
  if (code === 'ERR_OSSL_UNABLE_TO_LOAD_PKCS#11_MODULE') {
    return unavailable('module', `the engine cannot load the module (${code}); expected a PKCS#11 module`)
  }
  if (code === 'ERR_OSSL_OBJECT_NOT_FOUND') {
    const expected = 'expected one token that fits the URI, is there since the start, and has such a private key'
    return unavailable('token', `found no such key in the token (${code}); ${expected}`)
  }
  if (code === 'ERR_OSSL_INVALID_ID') {
    return unavailable('engine', `the engine cannot read the PIN (${code}); expected /proc/self/fd or /dev/fd`)
  }
  if (/KEY_(?:VALUES|TYPE)_MISMATCH/.test(code)) return describeMismatch(where, 'another key of the same type')
  if (/pkcs#?11/i.test(library)) return unavailable('token', `the token or its module failed: ${why}`)
  return refused('unusable', where, `OpenSSL rejects certificate and key: found ${why}; expected a certificate for TLS`)
}

/** The error for a key that does not belong to the certificate. */
export function describeMismatch (where: string, found: string): Error {
  const hint = 'if several objects fit the URI, the engine takes one of them: name it by id'
  return refused(
    'key_mismatch', where, `the key does not belong to the certificate; found ${found}; expected its key (${hint})`
  )
}
