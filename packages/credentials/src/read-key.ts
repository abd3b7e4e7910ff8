import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { describeContent, removeByteOrderMarks } from '@peerkit/identity/internal'
import { refused } from './errors.ts'
import { textOf } from './material.ts'
import type { Pem, Secret } from './material.ts'
import { findOldCipher } from './old-cipher.ts'

const BLOCK = /-----BEGIN ((?:ENCRYPTED |RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g
const OTHER_BLOCK = /-----BEGIN ([A-Z0-9 ]*)-----/

const CONVERT = 'convert it with `openssl pkcs8 -topk8 -provider legacy -provider default -in old.key -out new.key`'

/**
 * Reads the private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function readKey (input: Pem, where: string, passphrase: Secret | undefined): KeyObject {
  const text = removeByteOrderMarks(textOf(input))
  const blocks = text.match(BLOCK) ?? []
  const [pem] = blocks
  if (pem === undefined) {
    throw refused('unreadable', where, `found ${describe(textOf(input))}; expected a PEM block "PRIVATE KEY"`)
  }
  if (blocks.length > 1) throw refused('unreadable', where, `found ${blocks.length} private keys; expected one`)
  if (pem.includes('\\n')) {
    const found = 'found a private key with the two characters "\\n" where lines should end'
    throw refused('unreadable', where, `${found}; expected line breaks: text.replaceAll('\\\\n', '\\n')`)
  }
  // PKCS#8 marks encryption in the label, the older formats in a header (RFC 1421 section 4.6.1.1).
  const isEncrypted = pem.includes('ENCRYPTED')
  if (isEncrypted && passphrase === undefined) {
    const found = 'found an encrypted private key without a passphrase'
    throw refused('passphrase', where, `${found}; expected the option passphrase`)
  }
  try {
    const secret = isEncrypted && passphrase !== undefined && { passphrase: toPassphrase(passphrase) }
    return createPrivateKey({ key: wrapLines(pem), ...secret })
  } catch (error) {
    // Only the code of OpenSSL is kept: its message and stack may quote the key.
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const cipher = isEncrypted ? findOldCipher(pem) : undefined
    if (cipher !== undefined || (isEncrypted && code.includes('UNSUPPORTED'))) {
      const found = `found a private key encrypted with ${cipher ?? 'a cipher'}, which OpenSSL 3 does not decrypt`
      throw refused('unreadable', where, `${found}; expected AES or 3DES: ${CONVERT}`)
    }
    if (!isEncrypted) {
      const found = `found a private key that cannot be read (${code})`
      throw refused('unreadable', where, `${found}; expected PKCS#8, PKCS#1 or SEC 1`)
    }
    const found = `found an encrypted private key that the passphrase does not decrypt (${code})`
    throw refused('passphrase', where, `${found}; expected the passphrase that it was encrypted with`)
  }
}

/** Starts the lines of a block anew. OpenSSL does not accept spaces for line breaks, or indented lines. */
function wrapLines (pem: string): string {
  const [begin = '', body = '', end = ''] = pem.split(/(?<=KEY-----)|(?=-----END)/)
  // The headers of the old encryption end with an empty line.
  if (/^[ \t]*[A-Z][A-Za-z-]*:/m.test(body)) return pem.replace(/^[ \t]+/gm, '')
  return `${begin}\n${(body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []).join('\n')}\n${end}\n`
}

export function toPassphrase (secret: Secret): string | Buffer {
  return typeof secret === 'string' ? secret : Buffer.from(secret)
}

/** Says what was found instead of a key, without its content. */
function describe (text: string): string {
  const label = OTHER_BLOCK.exec(text)?.[1]
  if (label === undefined) return describeContent(text)
  if (label === 'OPENSSH PRIVATE KEY') {
    return 'a private key in the format of OpenSSH; convert a copy of it with `ssh-keygen -p -m PKCS8 -f copy.key`'
  }
  if (label === 'PUBLIC KEY') return 'a public key'
  if (!label.includes('PRIVATE KEY')) return `a PEM block "${label}" and no private key`
  return `a PEM block "${label}" that has no end or an unsupported label`
}
