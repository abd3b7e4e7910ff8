import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { refused } from './errors.ts'
import type { Pem, Secret } from './material.ts'

const BLOCK = /-----BEGIN ((?:ENCRYPTED |RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g
const OTHER_BLOCK = /-----BEGIN ([A-Z0-9 ]*)-----/

/**
 * Reads the one private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readKey (input: Pem, where: string, passphrase: Secret | undefined): KeyObject {
  const text = typeof input === 'string' ? input : Buffer.from(input.buffer, input.byteOffset, input.length).toString('latin1')
  const blocks = text.match(BLOCK) ?? []
  const [pem] = blocks
  if (pem === undefined) throw refused('unreadable', where, `found ${describe(text)}; expected a PEM block "PRIVATE KEY"`)
  if (blocks.length > 1) throw refused('unreadable', where, `found ${blocks.length} private keys; expected one`)
  // PKCS#8 says it in its label, the older formats in a header (RFC 1421 section 4.6.1.1).
  const isEncrypted = pem.includes('ENCRYPTED')
  if (isEncrypted && passphrase === undefined) throw refused('passphrase', where, 'found an encrypted private key and no passphrase; expected the option passphrase')
  try {
    return createPrivateKey({ key: pem, ...(isEncrypted && passphrase !== undefined && { passphrase: toPassphrase(passphrase) }) })
  } catch (error) {
    // Only OpenSSL's code is kept: what its message and stack quote is not ours to vouch for.
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw isEncrypted
      ? refused('passphrase', where, `found an encrypted private key that the passphrase does not open (${code}); expected the passphrase that it was encrypted with`)
      : refused('unreadable', where, `found a private key that cannot be read (${code}); expected PKCS#8, PKCS#1 or SEC 1`)
  }
}

export function toPassphrase (secret: Secret): string | Buffer {
  return typeof secret === 'string' ? secret : Buffer.from(secret)
}

/** What stands where a key should; never its content. */
function describe (text: string): string {
  if (text.length === 0) return 'nothing (an empty file or text)'
  if (text.charCodeAt(0) === 0x30) return 'DER'
  const label = OTHER_BLOCK.exec(text)?.[1]
  if (label === undefined) return 'no PEM'
  return label.includes('PRIVATE KEY') ? `a PEM block "${label}" that has no end or is of a kind not known here` : `a PEM block "${label}" and no private key`
}
