import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { refused } from './errors.ts'
import type { Pem, Secret } from './material.ts'

const BLOCK = /-----BEGIN ((?:ENCRYPTED |RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g
const OTHER_BLOCK = /-----BEGIN ([A-Z0-9 ]*)-----/

/**
 * Reads the private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readKey (input: Pem, where: string, passphrase: Secret | undefined): KeyObject {
  const text = typeof input === 'string' ? input : toBuffer(input).toString('latin1')
  const blocks = text.match(BLOCK) ?? []
  const [pem] = blocks
  if (pem === undefined) {
    throw refused('unreadable', where, `found ${describe(text)}; expected a PEM block "PRIVATE KEY"`)
  }
  if (blocks.length > 1) throw refused('unreadable', where, `found ${blocks.length} private keys; expected one`)
  // PKCS#8 marks encryption in the label, the older formats in a header (RFC 1421 section 4.6.1.1).
  const isEncrypted = pem.includes('ENCRYPTED')
  if (isEncrypted && passphrase === undefined) {
    const found = 'found an encrypted private key without a passphrase'
    throw refused('passphrase', where, `${found}; expected the option passphrase`)
  }
  try {
    const secret = isEncrypted && passphrase !== undefined && { passphrase: toPassphrase(passphrase) }
    return createPrivateKey({ key: pem, ...secret })
  } catch (error) {
    // Only the code of OpenSSL is kept: its message and stack may quote the key.
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    if (!isEncrypted) {
      const found = `found a private key that cannot be read (${code})`
      throw refused('unreadable', where, `${found}; expected PKCS#8, PKCS#1 or SEC 1`)
    }
    const found = `found an encrypted private key that the passphrase does not decrypt (${code})`
    throw refused('passphrase', where, `${found}; expected the passphrase that it was encrypted with`)
  }
}

function toBuffer ({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

export function toPassphrase (secret: Secret): string | Buffer {
  return typeof secret === 'string' ? secret : Buffer.from(secret)
}

/** Says what was found instead of a key, without its content. */
function describe (text: string): string {
  if (text.length === 0) return 'nothing (an empty file or text)'
  if (text.charCodeAt(0) === 0x30) return 'DER'
  const label = OTHER_BLOCK.exec(text)?.[1]
  if (label === undefined) return 'no PEM'
  if (!label.includes('PRIVATE KEY')) return `a PEM block "${label}" and no private key`
  return `a PEM block "${label}" that has no end or an unsupported label`
}
