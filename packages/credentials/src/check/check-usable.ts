import { createSecureContext } from 'node:tls'
import { refused } from '../errors.ts'

/**
 * OpenSSL must accept certificate, key and CAs. Otherwise the rotation would fail later, when a server uses them.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkUsable ({ cert, key, ca }: { cert: string, key: string, ca: string[] }, where: string): void {
  try {
    createSecureContext({ cert, key, ca })
  } catch (error) {
    const { code = 'unknown', message } = error as NodeJS.ErrnoException
    const found = `OpenSSL rejects it: found ${code} (${message})`
    throw refused('unusable', where, `${found}; expected certificate and key for TLS`)
  }
}
