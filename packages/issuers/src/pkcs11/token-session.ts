import type { Pkcs11Key } from '@peerkit/credentials'
import { CredentialsUnavailableError } from '@peerkit/credentials'
import type { Pkcs11Uri } from '@peerkit/credentials/internal'
import { messageOf } from '@peerkit/identity/internal'
import type { P11Crypto, P11CryptoClass, P11Token } from './webcrypto-p11.ts'

/** The most slots that are looked at. */
const MOST_SLOTS = 256

/** The attributes of a URI, and what a token says of them. */
const TOKEN_ATTRIBUTES: Readonly<Record<string, (token: P11Token) => string>> = {
  token: ({ label }) => label,
  serial: ({ serialNumber }) => serialNumber,
  manufacturer: ({ manufacturerID }) => manufacturerID,
  model: ({ model }) => model
}

/**
 * Opens a session with the token of a URI. It must be closed, and nothing else: to end the module would take the token
 * from the engine of OpenSSL too.
 *
 * @param where the option and the key, for errors
 * @throws CredentialsUnavailableError (`module`, `token`)
 */
export function openSession (
  Crypto: P11CryptoClass, { module }: Pkcs11Key, uri: Pkcs11Uri, where: string
): P11Crypto {
  const sessions: P11Crypto[] = []
  for (let slot = 0; slot < MOST_SLOTS; slot += 1) {
    const session = openSlot(Crypto, module, slot, where)
    if (session === 'end') break
    if (session === 'empty') continue
    if (isOf(session, uri)) sessions.push(session)
    else session.session.close()
  }
  const [found] = sessions
  if (found !== undefined && sessions.length === 1) return found
  for (const { session } of sessions) session.close()
  const count = sessions.length === 0 ? 'no token' : `${sessions.length} tokens`
  throw new CredentialsUnavailableError('token', `${where}: found ${count} that fit the URI; expected one`)
}

function openSlot (Crypto: P11CryptoClass, library: string, slot: number, where: string): P11Crypto | 'empty' | 'end' {
  try {
    return new Crypto({ library, slot, readWrite: false }) as P11Crypto
  } catch (error) {
    const message = messageOf(error)
    if (/^Slot by index/.test(message)) return 'end'
    // A slot whose token was never initialized, or is gone.
    if (/CKR_(?:TOKEN|DEVICE|SLOT)_/.test(message)) return 'empty'
    throw new CredentialsUnavailableError('module', `${where}: the module cannot be used: ${message}`, { cause: error })
  }
}

function isOf ({ slot }: P11Crypto, { values }: Pkcs11Uri): boolean {
  const token = slot.getToken()
  return Object.entries(TOKEN_ATTRIBUTES).every(([name, valueOf]) => {
    const wanted = values.get(name)
    return wanted === undefined || wanted.toString() === valueOf(token).trimEnd()
  })
}
