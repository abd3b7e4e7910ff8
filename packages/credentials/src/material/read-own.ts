import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { decodePem } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { describeContent, removeByteOrderMarks } from '@peerkit/identity/internal'
import { readAlgorithm } from '@peerkit/identity/x509'
import { CredentialsOptionError, refused } from '../errors.ts'
import { isOpaqueKey } from '../pkcs11/opaque-key.ts'
import { PBES2 } from '../pkcs12/decrypt-content.ts'
import { readPkcs12 } from '../pkcs12/read-pkcs12.ts'
import { hintOf, listOf, textOf } from './material.ts'
import type { CredentialMaterial, Origins, Pem, Secret } from './material.ts'
import { readCertificates } from './parsed-certificate.ts'
import type { OwnCredentials, ParsedCertificate } from './parsed-certificate.ts'

const CERTIFICATE = /-----BEGIN (X509 )?CERTIFICATE-----/
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----/

/**
 * Reads our certificates and key from PEM or PKCS#12.
 *
 * @throws CredentialsOptionError, CredentialsRefusedError
 */
export function readOwn (material: CredentialMaterial, origins: Origins): OwnCredentials {
  const { key, pfx, passphrase } = material
  const cert = listOf(material.cert)
  if (pfx !== undefined) {
    if (cert.length > 0 || key !== undefined) {
      const other = cert.length > 0 ? 'cert' : 'key'
      throw new CredentialsOptionError(`${other} and pfx are both set; expected either pfx, or cert and key`)
    }
    return readPkcs12(pfx, origins.pfx, passphrase)
  }
  const [first] = cert
  if (first === undefined) throw new CredentialsOptionError('cert and pfx are missing; expected one of them')
  if (key !== undefined && !isOpaqueKey(key)) refuseSwapped(cert, key, origins)
  const read = cert.flatMap((text) => readCertificates(text, origins.cert))
  const certificates = read as [ParsedCertificate, ...ParsedCertificate[]]
  if (isOpaqueKey(key)) return { certificates, key }
  if (key !== undefined) return { certificates, key: readKey(key, origins.key, passphrase) }
  return { certificates, key: readKey(join(cert), origins.cert, passphrase) }
}

/** @throws CredentialsRefusedError if `cert` is a key and `key` a certificate */
function refuseSwapped (cert: readonly Pem[], key: Pem, origins: Origins): void {
  if (CERTIFICATE.test(join(cert)) || !PRIVATE_KEY.test(join(cert))) return
  if (!CERTIFICATE.test(textOf(key)) || PRIVATE_KEY.test(textOf(key))) return
  const found = `found a private key here and a certificate in ${origins.key}: they are swapped`
  throw refused('unreadable', origins.cert, `${found}; expected the certificate in cert and the private key in key`)
}

function join (texts: readonly Pem[]): string {
  return texts.map(textOf).join('\n')
}

const BLOCK = /-----BEGIN ((?:ENCRYPTED |RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g
const OTHER_BLOCK = /-----BEGIN ([A-Z0-9 ]*)-----/

const CONVERT = 'convert it with `openssl pkcs8 -topk8 -provider legacy -provider default -in old.key -out new.key`'

/**
 * Reads the private key of a PEM text: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
 *
 * @throws CredentialsRefusedError
 */
function readKey (input: Pem, where: string, passphrase: Secret | undefined): KeyObject {
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
    const secret = isEncrypted && passphrase !== undefined && {
      passphrase: typeof passphrase === 'string' ? passphrase : Buffer.from(passphrase)
    }
    return createPrivateKey({ key: wrapLines(pem), ...secret })
  } catch (error) {
    // Only the code of OpenSSL is kept: its message and stack may quote the key.
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const cipher = isEncrypted ? findCipher(pem) : undefined
    // A wrong passphrase can give bytes that look like a key of an unknown kind. So the code says nothing of a cipher
    // that is decrypted.
    if (cipher?.isOld ?? (isEncrypted && code.includes('UNSUPPORTED'))) {
      const found = `found a private key encrypted with ${cipher?.name ?? 'a cipher'}, which OpenSSL 3 does not decrypt`
      throw refused('unreadable', where, `${found}; expected AES or 3DES: ${CONVERT}`)
    }
    if (!isEncrypted) {
      const found = `found a private key that cannot be read (${code})`
      throw refused('unreadable', where, `${found}; expected PKCS#8, PKCS#1 or SEC 1`)
    }
    const found = `found an encrypted private key that the passphrase does not decrypt (${code})`
    const expected = `expected the passphrase that it was encrypted with${hintOf(passphrase)}`
    throw refused('passphrase', where, `${found}; ${expected}`)
  }
}

/** Starts the lines of a block anew. OpenSSL does not accept spaces for line breaks, or indented lines. */
function wrapLines (pem: string): string {
  const [begin = '', body = '', end = ''] = pem.split(/(?<=KEY-----)|(?=-----END)/)
  // The headers of the old encryption end with an empty line.
  if (/^[ \t]*[A-Z][A-Za-z-]*:/m.test(body)) return pem.replace(/^[ \t]+/gm, '')
  return `${begin}\n${(body.replace(/\s+/g, '').match(/.{1,64}/g) ?? []).join('\n')}\n${end}\n`
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

/** Ciphers of the old encryption (RFC 1421 section 4.6.1.3) that OpenSSL 3 still decrypts by default. */
const CURRENT_HEADER = /^(AES-|DES-EDE3|CAMELLIA-|ARIA-)/

/** Encryption of PKCS#8 (RFC 8018 appendix A.3, RFC 7292 appendix C) that OpenSSL 3 does not decrypt by default. */
const OLD_SCHEMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.1': 'PBE-MD2-DES',
  '1.2.840.113549.1.5.3': 'PBE-MD5-DES',
  '1.2.840.113549.1.5.4': 'PBE-MD2-RC2',
  '1.2.840.113549.1.5.6': 'PBE-MD5-RC2',
  '1.2.840.113549.1.5.10': 'PBE-SHA1-DES',
  '1.2.840.113549.1.5.11': 'PBE-SHA1-RC2',
  '1.2.840.113549.1.12.1.1': 'PBE-SHA1-RC4-128',
  '1.2.840.113549.1.12.1.2': 'PBE-SHA1-RC4-40',
  '1.2.840.113549.1.12.1.5': 'PBE-SHA1-RC2-128',
  '1.2.840.113549.1.12.1.6': 'PBE-SHA1-RC2-40',
  '1.3.14.3.2.7': 'DES-CBC',
  '1.2.840.113549.3.2': 'RC2-CBC'
}

/** AES (RFC 3565) and 3DES. */
const CURRENT_SCHEME = /^2\.16\.840\.1\.101\.3\.4\.1\.|^1\.2\.840\.113549\.3\.7$/

interface Cipher {
  readonly name: string
  /** Whether OpenSSL 3 does not decrypt it by default. */
  readonly isOld: boolean
}

/** The cipher of an encrypted key; undefined if it is not known. */
function findCipher (pem: string): Cipher | undefined {
  const header = /^DEK-Info:[ \t]*([A-Z0-9-]{1,32})/m.exec(pem)?.[1]
  if (header !== undefined) return { name: header, isOld: !CURRENT_HEADER.test(header) }
  try {
    const [der] = decodePem(pem, 'ENCRYPTED PRIVATE KEY')
    const outer = new DerReader(der ?? new Uint8Array()).enter(TAG.sequence)
    const { oid, parameters = new Uint8Array() } = readAlgorithm(outer.bytes, outer.expect(TAG.sequence))
    return schemeOf(oid === PBES2 ? readInnerScheme(parameters) : oid)
  } catch {
    return undefined
  }
}

/** The cipher within PBES2 (RFC 8018 appendix A.4), after the function that derives its key. */
function readInnerScheme (parameters: Uint8Array): string {
  const fields = new DerReader(parameters).enter(TAG.sequence)
  fields.expect(TAG.sequence)
  return readAlgorithm(fields.bytes, fields.expect(TAG.sequence)).oid
}

function schemeOf (oid: string): Cipher | undefined {
  const name = OLD_SCHEMES[oid]
  if (name !== undefined) return { name, isOld: true }
  return CURRENT_SCHEME.test(oid) ? { name: oid, isOld: false } : undefined
}
