import { duplexPair } from 'node:stream'
import { TLSSocket, connect, createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { withinTime } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsUnavailableError, refused } from '../errors.ts'
import { describeMismatch } from './open-error.ts'

/** What is proved. */
export interface ProofQuestion {
  /** Has the key. */
  readonly context: SecureContext
  /** Our leaf certificate, DER. */
  readonly leaf: Uint8Array
  /** The option and the key, for errors. */
  readonly where: string
  readonly clock: Clock
  /** Time limit in milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/**
 * Proves by a handshake in memory that a key belongs to our certificate, and that its token signs. OpenSSL itself
 * compares only keys of the same type, and asks the token nothing.
 *
 * @throws CredentialsRefusedError if it does not belong to the certificate
 * @throws CredentialsUnavailableError if the token does not sign, or there is no result in time
 * @throws CredentialsClosedError if the source is closed
 */
export async function proveKey ({ context, leaf, where, clock, timeout, signal }: ProofQuestion): Promise<void> {
  const [ours, theirs] = duplexPair()
  const server = new TLSSocket(ours, { isServer: true, secureContext: context })
  const client = connect({
    socket: theirs,
    // Nobody is trusted: what counts is the signature over the handshake, which OpenSSL verifies in any case.
    rejectUnauthorized: false,
    secureContext: createSecureContext({ ca: [] })
  })
  // Node calls it by itself, and ends the process if a key is on a curve without a NIST name.
  Object.assign(client, { getPeerCertificate: () => ({}) })
  const errors: Error[] = []
  const shaken = new Promise<Uint8Array | undefined>((resolve) => {
    server.on('error', (error) => {
      errors.unshift(error)
      resolve(undefined)
    })
    // The error of the server says more, and comes first.
    client.on('error', (error) => {
      errors.push(error)
      resolve(undefined)
    })
    client.once('secureConnect', () => { resolve(client.getPeerX509Certificate()?.raw) })
  })
  try {
    const limit = { clock, timeout, signal, what: `${where}: handshake` }
    const presented = await withinTime(async () => await shaken, limit)
    const [error] = errors
    if (presented !== undefined && Buffer.compare(presented, leaf) === 0) return
    throw describeFailure(error, where)
  } finally {
    client.destroy()
    server.destroy()
  }
}

function describeFailure (error: Error | undefined, where: string): Error {
  const { code = 'no code', library = '', reason = error?.message } =
    (error ?? {}) as Error & { code?: string, library?: string, reason?: string }
  // There is a key, but none of the type of the certificate.
  if (error === undefined || /NO_SUITABLE_SIGNATURE_ALGORITHM|NO_SHARED_CIPHER|BAD_SIGNATURE/.test(code)) {
    return describeMismatch(where, `a key that cannot sign for it (${code})`)
  }
  if (/pkcs#?11/i.test(library)) {
    return new CredentialsUnavailableError('token', `${where}: the token does not sign: ${reason ?? ''} (${code})`)
  }
  return refused('unusable', where, `a handshake with certificate and key failed: ${reason ?? ''} (${code})`)
}
