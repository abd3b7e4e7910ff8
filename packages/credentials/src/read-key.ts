import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { refused } from './errors.ts'
import type { Pem } from './material.ts'

const BLOCK = /-----BEGIN ((?:ENCRYPTED |RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g

/** Reads the one private key of a PEM text. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function readKey (text: Pem, where: string, passphrase: string | undefined): KeyObject {
  const blocks = (typeof text === 'string' ? text : Buffer.from(text).toString('latin1')).match(BLOCK) ?? []
  const [pem] = blocks
  if (pem === undefined) throw refused('unreadable', where, 'expected a PEM block "PRIVATE KEY", found none')
  if (blocks.length > 1) throw refused('unreadable', where, `expected one private key, found ${blocks.length}`)
  const isEncrypted = pem.includes('ENCRYPTED')
  if (isEncrypted && passphrase === undefined) throw refused('passphrase', where, 'the private key is encrypted; expected a passphrase')
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) })
  } catch (error) {
    // OpenSSL's own message may echo nothing of the key, but its cause is not ours to vouch for: only its code is kept.
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw isEncrypted ? refused('passphrase', where, `the passphrase does not open the private key (${code})`) : refused('unreadable', where, `the private key cannot be read (${code})`)
  }
}
