import { constants, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { iso } from '@peerkit/identity/internal'
import type { IssuerError } from '../errors.ts'
import { readText, wrongFile } from '../http/read-text.ts'
import { readCertificates } from '../request/read-certificates.ts'
import type { StepCaTokenQuestion, StepCaX5cOptions } from './options.ts'

/** How long a token may be used, in seconds. step-ca takes each token once, and permits a minute of skew. */
const LIFETIME = 300

type Question = StepCaTokenQuestion & { readonly now: number, readonly name: string }

/**
 * Makes a token (JWT, RFC 7519) with the certificate chain in its header. It is good for one certificate request only.
 *
 * @throws IssuerError if the certificate or the key cannot be used
 */
export async function makeX5cToken (options: StepCaX5cOptions, question: Question): Promise<string> {
  const { name, now, subject, sans, audience, fingerprint, signal } = question
  const chain = readCertificates(await readPart('cert', options.cert, name, signal))
  const [leaf] = chain.map((pem) => new X509Certificate(pem))
  if (leaf === undefined) throw refused(name, 'cert', options.cert, 'no certificate', 'PEM certificates')
  const key = readKey(await readPart('key', options.key, name, signal), options.key, name)
  if (!leaf.checkPrivateKey(key)) {
    throw refused(name, 'key', options.key, 'a key of another certificate', `the key of ${options.cert}`)
  }
  const end = leaf.validToDate.getTime()
  if (end < now) {
    throw refused(name, 'cert', options.cert, `a certificate that ended at ${iso(end)}`, 'one that is valid')
  }
  const { alg, make } = signatureOf(key, options.key, name)
  const seconds = Math.floor(now / 1000)
  const header = { alg, typ: 'JWT', x5c: chain.map((pem) => new X509Certificate(pem).raw.toString('base64')) }
  const claims = {
    iss: options.provisioner,
    aud: `${audience}#x5c/${options.provisioner}`,
    sub: subject,
    sans,
    nbf: seconds,
    iat: seconds,
    exp: seconds + LIFETIME,
    jti: randomUUID(),
    cnf: { 'x5rt#S256': fingerprint }
  }
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${make(Buffer.from(signed)).toString('base64url')}`
}

interface Signature { readonly alg: string, make (data: Buffer): Buffer }

/** Of the algorithms of RFC 7518 and RFC 8037 the one of a key. */
function signatureOf (key: KeyObject, path: string, name: string): Signature {
  const { asymmetricKeyType: type, asymmetricKeyDetails: { namedCurve = '' } = {} } = key
  if (type === 'ed25519') return { alg: 'EdDSA', make: (data) => sign(null, data, key) }
  if (type === 'rsa') {
    return { alg: 'RS256', make: (data) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }) }
  }
  const found = CURVES[namedCurve]
  if (found === undefined) {
    const shown = `a key of type ${String(type)} ${namedCurve}`.trim()
    throw refused(name, 'key', path, shown, 'P-256, P-384, P-521, Ed25519 or RSA')
  }
  return { alg: found.alg, make: (data) => sign(found.hash, data, { key, dsaEncoding: 'ieee-p1363' }) }
}

const CURVES: Readonly<Record<string, { readonly alg: string, readonly hash: string } | undefined>> = {
  prime256v1: { alg: 'ES256', hash: 'sha256' },
  secp384r1: { alg: 'ES384', hash: 'sha384' },
  secp521r1: { alg: 'ES512', hash: 'sha512' }
}

function readKey (pem: string, path: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw refused(name, 'key', path, 'no key that can be read', 'a PEM private key without a passphrase')
  }
}

async function readPart (part: 'cert' | 'key', path: string, name: string, signal: AbortSignal): Promise<string> {
  return await readText({ name, option: `enrol.x5c.${part}`, path, expected: 'PEM', signal })
}

function refused (name: string, part: string, path: string, found: string, expected: string): IssuerError {
  return wrongFile({ name, option: `enrol.x5c.${part}`, path, expected }, found)
}
