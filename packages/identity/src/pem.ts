import { PemInvalidError } from './errors.ts'

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const OTHER_BLOCK = /-----BEGIN ([A-Z0-9][A-Z0-9 #]{0,60})-----/
const LABEL = /^[A-Z0-9][A-Z0-9 ]*$/

/**
 * What is, or was meant to be, a boundary of a block. Word processors turn hyphens into dashes, which are three
 * characters each where bytes are read as Latin-1.
 */
const DASH = '[-\\u2010-\\u2015\\u00e2\\u0080\\u0090-\\u0095]'
const BOUNDARY = new RegExp(`(${DASH}{1,16}[ \\t]{0,4})(BEGIN|END)[ \\t]+([A-Z0-9 #]{1,60})(?=${DASH})`, 'gi')

/** The label of older versions of OpenSSL (RFC 7468 section 5.1). The content is the same. */
const FORMER_LABEL = 'X509 CERTIFICATE'

/** Blocks that hold, or stand in for, certificates. Skipping one would silently drop a CA from a CA file. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  'TRUSTED CERTIFICATE': 'its trust settings of OpenSSL would be lost; write it without them with ' +
    '`openssl x509 -in old.pem -out new.pem`',
  PKCS7: 'convert it with `openssl pkcs7 -in old.p7b -print_certs -out new.pem`',
  'PKCS #7 SIGNED DATA': 'convert it with `openssl pkcs7 -in old.p7b -print_certs -out new.pem`',
  CMS: 'convert it with `openssl pkcs7 -in old.p7b -print_certs -out new.pem`',
  'CERTIFICATE REQUEST': 'it is a signing request; use the certificate that the CA issued for it',
  'NEW CERTIFICATE REQUEST': 'it is a signing request; use the certificate that the CA issued for it'
}

/**
 * Decodes every PEM block of one label, in order (RFC 7468). Text between blocks and blocks of other labels are
 * skipped. A damaged block is refused, never skipped: it starts in the middle of a line, has no end, has headers, or
 * is not canonical base64. Skipping it would silently drop a CA from a CA file.
 *
 * For the label `CERTIFICATE`, blocks of the former label `X509 CERTIFICATE` count too. Other blocks that hold
 * certificates (`TRUSTED CERTIFICATE`, `PKCS7`), signing requests and misspelt boundaries are refused by name. Byte
 * order marks are skipped.
 *
 * The DER is not parsed. Newlines may be replaced by spaces, as in the headers of some gateways. OpenSSL does not
 * accept that, so pass it the result of `encodePem`.
 *
 * @param text PEM text
 * @param label between `-----BEGIN ` and `-----`, default `CERTIFICATE`
 * @returns the DER of at least one block
 * @throws PemInvalidError with `reason`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 *
 * const authorities = decodePem(await readFile('ca.pem')).map((der) => parsePeerIdentity(der))
 * console.log(authorities.map(({ isCa }) => isCa)) // [ true ]
 * ```
 */
export function decodePem (text: string | Uint8Array, label = 'CERTIFICATE'): Uint8Array[] {
  if (!LABEL.test(label)) {
    throw new PemInvalidError('label_invalid', `expected an upper-case label, found ${JSON.stringify(label)}`)
  }
  const given = asText(text)
  const plain = removeByteOrderMarks(given)
  const source = label === 'CERTIFICATE' ? plain.replaceAll(`${FORMER_LABEL}-----`, 'CERTIFICATE-----') : plain
  if (label === 'CERTIFICATE') refuseLookAlikes(source)
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  const blocks: Uint8Array[] = []
  let after = 0
  for (let at = source.indexOf(begin); at !== -1; at = source.indexOf(begin, after)) {
    const number = blocks.length + 1
    checkBoundary(source, after, at, number)
    const bodyStart = at + begin.length
    const bodyEnd = source.indexOf('-----', bodyStart)
    if (bodyEnd === -1 || !source.startsWith(end, bodyEnd)) {
      throw new PemInvalidError('block_unterminated', `block ${number} has no end "${end}"`)
    }
    blocks.push(decodeBody(source.slice(bodyStart, bodyEnd), number))
    after = bodyEnd + end.length
  }
  if (blocks.length === 0) {
    const other = OTHER_BLOCK.exec(source)?.[0]
    throw new PemInvalidError(
      'no_block', `expected a block "${begin}", found ${other === undefined ? describeContent(given) : `"${other}"`}`
    )
  }
  return blocks
}

/**
 * Encodes DER as one PEM block of 64-character lines, with a newline at the end (RFC 7468).
 *
 * @param label between `-----BEGIN ` and `-----`, default `CERTIFICATE`
 * @throws PemInvalidError if the label is not valid
 * @example
 * ```ts
 * console.log(encodePem(client.der)) // -----BEGIN CERTIFICATE----- …
 * ```
 */
export function encodePem (der: Uint8Array, label = 'CERTIFICATE'): string {
  if (!LABEL.test(label)) {
    throw new PemInvalidError('label_invalid', `expected an upper-case label, found ${JSON.stringify(label)}`)
  }
  const body = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
  const lines = body.match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function asText (text: string | Uint8Array): string {
  if (typeof text === 'string') return text
  if (!(text instanceof Uint8Array)) {
    throw new PemInvalidError('not_text', `expected a string or bytes, found ${typeof text}`)
  }
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1')
}

/** Refuses boundaries that the decoder would skip, although a certificate is meant. */
function refuseLookAlikes (source: string): void {
  let opened = 0
  let closed = 0
  for (const { 1: before = '', 2: word = '', 3: given = '', index } of source.matchAll(BOUNDARY)) {
    const label = given.trim().toUpperCase()
    if (!/CERTIFICATE|^PKCS ?#?7|^CMS$/.test(label)) continue
    const hint = LOOK_ALIKES[label]
    if (hint !== undefined) throw new PemInvalidError('block_unsupported', `found a block "${label}": ${hint}`)
    if (label !== 'CERTIFICATE') {
      throw new PemInvalidError('block_unsupported', `found a block "${label}"; expected only "CERTIFICATE"`)
    }
    const expected = `-----${word.toUpperCase()} ${label}-----`
    if (!source.startsWith(expected, index + before.length - 5)) {
      throw new PemInvalidError('boundary_misplaced', `a boundary is misspelt; expected exactly "${expected}"`)
    }
    if (word === 'BEGIN') opened += 1
    else closed += 1
  }
  if (closed > opened) {
    throw new PemInvalidError('boundary_misplaced', 'found "-----END CERTIFICATE-----" without a begin')
  }
}

/** Only spaces may come before a block on its line: otherwise it could be part of a comment. */
function checkBoundary (source: string, after: number, at: number, number: number): void {
  let before = at - 1
  while (before >= after && (source[before] === ' ' || source[before] === '\t')) before--
  if (before >= after && source[before] !== '\n' && source[before] !== '\r') {
    const isQuoted = /["']/.test(source[before] ?? '')
    const hint = isQuoted ? ', after a quotation mark: remove it' : ''
    throw new PemInvalidError('boundary_misplaced', `block ${number} begins in the middle of a line${hint}`)
  }
}

function decodeBody (body: string, number: number): Uint8Array {
  const base64 = body.replace(/[ \t\r\n\v\f]+/g, '')
  if (base64 === '') throw new PemInvalidError('block_empty', `block ${number} is empty`)
  if (base64.includes('\\n')) {
    const hint = "replace them: text.replaceAll('\\\\n', '\\n')"
    throw new PemInvalidError(
      'base64_invalid', `block ${number} has the two characters "\\n" where lines should end; ${hint}`
    )
  }
  const decoded = BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined
  // Encoding the result again detects wrong padding and stray bits.
  if (decoded === undefined || decoded.toString('base64') !== base64) {
    throw new PemInvalidError('base64_invalid', `block ${number} is not canonical base64`)
  }
  return new Uint8Array(decoded)
}

const BOM = '\ufeff'
const BOM_BYTES = 'ï»¿'

/** First octets in hex, with what they mean. JKS and JCEKS are formats of Java's keytool. */
const BINARY: ReadonlyArray<readonly [RegExp, string]> = [
  // A byte order mark, "--" without one, and what remains of a mark where the text was decoded as UTF-8.
  [/^(fffe|feff|2d002d00|002d002d|fdfd(00)?2d00)/, 'UTF-16 text; save it as UTF-8'],
  [/^feedfeed/, 'a Java keystore (JKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^cececece/, 'a Java keystore (JCEKS); convert it to PKCS#12 with ' +
    '`keytool -importkeystore -srcstoretype JCEKS -srckeystore old.jks -destkeystore new.p12 -deststoretype PKCS12`'],
  [/^308[0-4](..){0,4}020103/, 'PKCS#12; expected it in the option pfx'],
  [/^308[0-4](..){0,4}06092a864886f70d0107/, 'PKCS#7 in DER; convert it with ' +
    '`openssl pkcs7 -inform DER -in old.p7b -print_certs -out new.pem`'],
  [/^308[0-4](..){0,4}02010[01]/, 'a private key in DER; convert it with ' +
    '`openssl pkey -inform DER -in old.der -out new.pem`'],
  [/^308[0-4]/, 'DER; convert it with `openssl x509 -inform DER -in old.der -out new.pem`']
]

const TEXT: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(<!doctype\s+html|<html|<head|<\?xml)/i, 'an HTML or XML page'],
  [/^[{[]/, 'JSON'],
  [/^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ /, 'a public key of OpenSSH'],
  [/^LS0tLS1CRUdJTi/, 'base64 of PEM; decode it first'],
  [/^$/, 'only white space']
]

/** Removes the byte order marks that editors put at the start of a file, also between files that were joined. */
export function removeByteOrderMarks (text: string): string {
  // In bytes that were read as Latin-1, the mark is three characters.
  return text.replaceAll(BOM_BYTES, '').replaceAll(BOM, '')
}

/**
 * Says what a text is that has no PEM block, without quoting any of it: it may be a secret.
 *
 * @param text a string, or bytes read as Latin-1
 */
export function describeContent (text: string): string {
  if (text.length === 0) return 'nothing (an empty file or text)'
  const start = text.slice(0, 512)
  const hex = Buffer.from(start, 'latin1').toString('hex')
  const binary = BINARY.find(([magic]) => magic.test(hex))?.[1]
  const words = removeByteOrderMarks(start).trimStart()
  return binary ?? TEXT.find(([pattern]) => pattern.test(words))?.[1] ?? 'no PEM'
}
