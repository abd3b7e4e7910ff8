import { createSecureContext } from 'node:tls'
import { refused } from '../errors.ts'

/**
 * The last word is OpenSSL's own: what it does not take now, it would not take in the middle of a rotation either.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkUsable ({ cert, key, ca }: { cert: string, key: string, ca: string[] }, where: string): void {
  try {
    createSecureContext({ cert, key, ca })
  } catch (error) {
    const { code = 'unknown', message } = error as NodeJS.ErrnoException
    throw refused('unusable', where, `OpenSSL does not take it: found ${code} (${message}); expected certificate and key for TLS`)
  }
}
