import { generateKeyPair } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { TRUST_PARTS, listOf } from './material.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial } from './material.ts'
import { checkMaterialTypes } from './material-check.ts'
import { MATERIAL_OPTIONS } from './memory-credentials.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkKeys, show } from './option-check.ts'
import { startTimedSource } from './timed/timed-source.ts'
import type { TimedCredentials } from './timed/timed-source.ts'
import { TIMED_OPTIONS, readTimedOptions } from './timed/timed-options.ts'
import type { TimedOptions } from './timed/timed-options.ts'

/** What an issuer is asked for: a certificate for this key. */
export interface IssueQuestion {
  /** SubjectPublicKeyInfo, PEM, of a key pair made for this question. */
  readonly publicKey: string
  /** Its private half, to sign a request with. It need not leave the process. */
  readonly privateKey: KeyObject
  /** Aborted when the time is up or the source is closed. */
  readonly signal: AbortSignal
  /** What is in force, to prove who asks; undefined at the first question. */
  readonly previous: CredentialSnapshot | undefined
}

/** What an issuer answers. Without `key` the certificate is for the key pair of the question; without `ca` the option `ca` counts. */
export type IssuedMaterial = Partial<CredentialMaterial> & Required<Pick<CredentialMaterial, 'cert'>>

/** Whoever issues certificates: a CA's API, ACME, a SPIFFE workload API. */
export interface CertificateIssuer {
  issue (question: IssueQuestion): IssuedMaterial | Promise<IssuedMaterial>
}

type TrustOptions = Pick<CredentialMaterial, 'ca' | 'crl' | 'crlIssuers' | 'intermediates' | 'authorities'>

export type RenewingKeyType = 'ec-p256' | 'ec-p384' | 'ed25519' | 'rsa-2048' | 'rsa-3072'

export interface RenewingCredentialsOptions extends CheckOptions, TimedOptions, TrustOptions {
  /** Of the key pair that is made for each certificate. Default `ec-p256`. */
  readonly keyType?: RenewingKeyType | undefined
  /** The part of a certificate's life after which it is renewed, above 0 and below 1. Default two thirds. Up to a twentieth of its life earlier, for jitter. */
  readonly renewAfter?: number | undefined
}

const KEY_TYPES: Readonly<Record<RenewingKeyType, () => Promise<KeyPair>>> = {
  'ec-p256': async () => await makePair('ec', { namedCurve: 'P-256' }),
  'ec-p384': async () => await makePair('ec', { namedCurve: 'P-384' }),
  ed25519: async () => await makePair('ed25519', {}),
  'rsa-2048': async () => await makePair('rsa', { modulusLength: 2048 }),
  'rsa-3072': async () => await makePair('rsa', { modulusLength: 3072 })
}
const KNOWN = ['keyType', 'renewAfter', ...TRUST_PARTS, 'authorities', ...TIMED_OPTIONS, ...CHECK_OPTIONS]

/**
 * Credentials that renew themselves: an issuer is asked for a certificate for a new key, and again when two thirds of its life have passed. An answer that fails leaves
 * the old in force, is told to the subscribers and is asked for again with back-off. Rejects where the first questions fail.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_UNAVAILABLE, MTLS_ERR_CREDENTIALS_REFUSED
 */
export async function renewingCredentials (issuer: CertificateIssuer, options: RenewingCredentialsOptions = {}): Promise<TimedCredentials> {
  if (typeof issuer?.issue !== 'function') throw new MTLS_ERR_CREDENTIALS_OPTION(`renewingCredentials got ${issuer === null ? 'null' : typeof issuer}; expected an issuer, an object with issue()`)
  checkKeys(options, KNOWN, [], 'renewingCredentials')
  checkCheckOptions(options, 'renewingCredentials')
  const { keyType = 'ec-p256', renewAfter = 2 / 3, ca, crl, crlIssuers, intermediates, authorities, use, chain, revocationPolicy, clock = SYSTEM_CLOCK } = options
  if (!Object.hasOwn(KEY_TYPES, keyType)) throw new MTLS_ERR_CREDENTIALS_OPTION(`keyType is ${show(keyType)}; expected one of ${Object.keys(KEY_TYPES).join(', ')}`)
  if (typeof renewAfter !== 'number' || !(renewAfter > 0 && renewAfter < 1)) throw new MTLS_ERR_CREDENTIALS_OPTION(`renewAfter is ${show(renewAfter)}; expected a number above 0 and below 1`)
  const trust = { ca, crl, crlIssuers, intermediates, authorities }
  checkMaterialTypes(trust, 'renewingCredentials')
  const timed = readTimedOptions(options)
  const { random, retry } = timed
  return await startTimedSource({
    fetch: async ({ signal, previous }) => {
      const { publicKey, privateKey } = await KEY_TYPES[keyType]()
      const answer = await issuer.issue({ publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string, privateKey, signal, previous })
      return { material: readAnswer(answer, trust, privateKey), refreshAfter: undefined }
    },
    nextAt: ({ identity: { notBefore = 0 }, notAfter }) => {
      const now = clock.now()
      const due = notBefore + (notAfter - notBefore) * (renewAfter - random() / 20)
      // An issuer may answer with a certificate that is well into its life already: it is not asked again at once.
      return due > now ? due : now + Math.max(retry.first, (notAfter - now) / 3)
    },
    what: 'issuer',
    clock,
    options: { use, chain, revocationPolicy, clock },
    ...timed
  }, timed.attempts)
}

function readAnswer (answer: IssuedMaterial, defaults: TrustOptions, privateKey: KeyObject): CredentialMaterial {
  checkKeys(answer, MATERIAL_OPTIONS, ['cert'], "the issuer's answer")
  // Named authorities of the options stay what they are; an answer's own take the place of all that the options say.
  const { ca: answered, ...rest } = answer
  const trust = answer.authorities !== undefined ? {} : defaults.authorities !== undefined ? { authorities: defaults.authorities } : { ...defaults, ca: answered ?? defaults.ca }
  const material: CredentialMaterial = { ...trust, ...rest }
  checkMaterialTypes(material, "the issuer's answer")
  if (listOf(material.ca).length === 0 && material.authorities === undefined) {
    throw new MTLS_ERR_CREDENTIALS_OPTION("found no ca in the issuer's answer, nor in the options; expected at least one CA certificate")
  }
  return { ...material, key: answer.key ?? privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}

interface KeyPair { readonly publicKey: KeyObject, readonly privateKey: KeyObject }

/** In a thread: RSA takes its time. */
async function makePair (type: string, options: object): Promise<KeyPair> {
  return await new Promise((resolve, reject) => {
    const generate = generateKeyPair as unknown as (type: string, options: object, done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void) => void
    generate(type, options, (error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(error)
    })
  })
}
