import { createPrivateKey, X509Certificate } from 'node:crypto'
import { decodePem, encodePem } from '@peerkit/identity'
import { UsageError } from '../command.ts'
import { readBytes } from './read-bytes.ts'

const KEY_BLOCK = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m
export const CERTIFICATE_BLOCK = '-----BEGIN CERTIFICATE-----'
const BEGIN = /^[ \t]*-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----/gm
/** An old name of CERTIFICATE (RFC 7468 section 5.1). */
const OLD_LABEL = /^([ \t]*-----(?:BEGIN|END)) X509 CERTIFICATE-----/gm
/** PEM blocks with certificates that are not read, and what to do. They must not be skipped: a CA would be missing. */
const UNREAD: Readonly<Record<string, string>> = {
  'TRUSTED CERTIFICATE': 'expected CERTIFICATE, as openssl x509 -in FILE writes it',
  PKCS7: 'expected its certificates, as openssl pkcs7 -print_certs -in FILE writes them',
  CMS: 'expected its certificates, as openssl cms -verify -noverify -certsout OUT writes them'
}

/**
 * Reads the certificates of a file, PEM or DER, in their order.
 *
 * @param argument the option, for messages: `--cert `
 * @param expected what the file should have, for messages
 * @throws UsageError that has no content of the file: it may be a key
 */
export async function readCertificateFile (path: string, argument: string, expected: string): Promise<Uint8Array[]> {
  return decodeCertificates(await readBytes(path, argument, expected), `${argument}${path}`)
}

/** The same for bytes that were read. @param where the file, for error messages */
export function decodeCertificates (bytes: Uint8Array, where: string): Uint8Array[] {
  const { text } = readPem(bytes, where)
  if (!text.includes(CERTIFICATE_BLOCK)) {
    if (isKey(text, bytes)) {
      throw new UsageError(`${where}: found a private key, which is not shown; expected a certificate`)
    }
    if (bytes[0] === 0x30) return [bytes]
    throw new UsageError(`${where}: found ${describeContent(text)}; expected a certificate, PEM or DER`)
  }
  try {
    return decodePem(text)
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected a certificate, PEM or DER`)
  }
}

/** Where one of several certificates is: `ca.pem, 2 of 3`. */
export function numbered (where: string, index: number, count: number): string {
  return count === 1 ? where : `${where}, ${index + 1} of ${count}`
}

/**
 * The text of a file and the labels of its PEM blocks (RFC 7468), each once.
 *
 * @throws UsageError if it has a block that is not read
 */
export function readPem (bytes: Uint8Array, where: string): { text: string, labels: readonly string[] } {
  const read = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const text = read.replaceAll(OLD_LABEL, '$1 CERTIFICATE-----')
  const labels = [...new Set(Array.from(text.matchAll(BEGIN), ([, label = '']) => label))]
  const unread = labels.find((label) => Object.hasOwn(UNREAD, label))
  if (unread === undefined) return { text, labels }
  throw new UsageError(`${where}: found PEM of a ${unread}; ${UNREAD[unread]}`)
}

function describeContent (text: string): string {
  if (text.length === 0) return 'an empty file'
  const [, label] = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(text) ?? []
  return label === undefined ? 'neither PEM nor DER' : `PEM of a ${label}`
}

/** Whether the text has a private key. */
export function holdsKey (text: string): boolean {
  return KEY_BLOCK.test(text)
}

/** Whether it is a private key, PEM or DER. */
export function isKey (text: string, bytes: Uint8Array): boolean {
  return holdsKey(text) || (['pkcs8', 'pkcs1', 'sec1'] as const).some((type) => {
    try {
      createPrivateKey({ key: Buffer.from(bytes), format: 'der', type })
      return true
    } catch {
      return false
    }
  })
}

/** The passphrase in a file, without a line end. @throws UsageError */
export async function readPassphrase (path: string): Promise<string> {
  const bytes = await readBytes(path, '--passphrase-file ', 'the passphrase')
  return Buffer.from(bytes).toString('utf8').replace(/\r?\n$/, '')
}

/** A client certificate and its key, which match. */
export interface OwnFiles {
  readonly cert: string
  readonly key: string
  readonly passphrase: string | undefined
}

/** @throws UsageError with the option; never with content of the key */
export async function readOwnFiles (
  certPath: string,
  keyPath: string,
  passphrasePath: string | undefined
): Promise<OwnFiles> {
  const certificates = await readCertificateFile(certPath, '--cert ', 'a PEM certificate')
  const key = Buffer.from(await readBytes(keyPath, '--key ', 'a PEM private key')).toString('latin1')
  const passphrase = passphrasePath === undefined ? undefined : await readPassphrase(passphrasePath)
  if (!holdsKey(key)) {
    throw new UsageError(
      `--key ${keyPath}: found ${key.includes(CERTIFICATE_BLOCK) ? 'a certificate' : 'no PEM private key'}; ` +
        `expected the private key of ${certPath}`
    )
  }
  let fits: boolean
  try {
    fits = new X509Certificate(certificates[0] ?? '').checkPrivateKey(createPrivateKey({
      key,
      ...(passphrase !== undefined && { passphrase })
    }))
  } catch {
    throw new UsageError(
      `--key ${keyPath}: ${describeDamage(key, passphrase)}; expected the private key of ${certPath}`
    )
  }
  if (!fits) {
    throw new UsageError(`--key ${keyPath}: found the key of another certificate; expected that of ${certPath}`)
  }
  return { cert: certificates.map((der) => encodePem(der)).join(''), key, passphrase }
}

function describeDamage (key: string, passphrase: string | undefined): string {
  if (!ENCRYPTED.test(key)) return 'the key or the certificate is damaged'
  return passphrase === undefined ? 'it is encrypted; use --passphrase-file' : 'the passphrase does not match'
}
