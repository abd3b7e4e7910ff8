import { generateKeyPair } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import {
  checkOption, choice, count, defineOptions, func, methods, required, valueOf, wrongValue
} from '@peerkit/identity/internal'
import type { PeerIdentity } from '@peerkit/identity'
import { CredentialsOptionError } from '../errors.ts'
import { checkMaterialTypes } from '../material/check-types.ts'
import { CHECK_OPTIONS, MATERIAL_OPTIONS, TRUST_OPTIONS, listOf, pickOptions } from '../material/material.ts'
import type { CheckOptions, CredentialMaterial, GivenMaterial } from '../material/material.ts'
import type { SigningKey } from '../pkcs11/signing-key.ts'
import type { CertificateStore } from '../store/certificate-store.ts'
import { readStored, writeStored } from '../store/stored-text.ts'
import type { StoredMaterial } from '../store/stored-text.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { TIMED_OPTIONS } from './timed-plan.ts'
import type { TimedOptions } from './timed-plan.ts'
import { startTimedSource } from './timed-source.ts'
import type { TimedCredentials } from './timed-source.ts'

/** What an issuer is called with: the key that needs a certificate. */
export interface IssueQuestion {
  /** SubjectPublicKeyInfo in PEM, of a new key pair. */
  readonly publicKey: string
  /** The private key, to sign a certificate request. It need not leave the process; one in a token cannot. */
  readonly privateKey: KeyObject | SigningKey
  /** Aborted after the option `timeout`, or when the source is closed. */
  readonly signal: AbortSignal
  /** The snapshot in use, to authenticate with; undefined at the first call. */
  readonly previous: CredentialSnapshot | undefined
}

/**
 * What an issuer returns. Without `key` the certificate is for the key pair of the question. Without `ca` the option
 * `ca` is used.
 */
export type IssuedMaterial = Partial<GivenMaterial> & Required<Pick<CredentialMaterial, 'cert'>> & {
  /**
   * When the issuer wants the certificate to be renewed, in milliseconds since the epoch, such as the renewal
   * information of ACME (RFC 9773). Default: after the option `renewAfter`. A time after nine tenths of the lifetime is
   * too late to try again, and counts as nine tenths.
   */
  readonly renewAt?: number | undefined
}

/** Issues certificates: the API of a CA, ACME, the SPIFFE workload API. */
export interface CertificateIssuer {
  /** Who issues, for the status, monitoring and the console: `OpenBao at bao.example/pki`. No secret. */
  readonly name?: string | undefined
  /**
   * Says what is asked for, if a certificate is stored (option `store`): it differs whenever the names, the role or
   * the issuer differ. A certificate that was stored for something else is not used. Default: `name`.
   */
  readonly id?: string | undefined
  /** Returns a certificate for the key of the question. */
  issue (question: IssueQuestion): IssuedMaterial | Promise<IssuedMaterial>
  /**
   * Returns what is trusted now, where that is known without the issuer: in a file, or by the options alone. A stored
   * certificate (option `store`) is used with it, and not with what was trusted when it was stored. An answer without
   * `ca` means the option `ca` of `renewingCredentials`. Default: what `issue` returned is stored, and used.
   */
  trust? (question: TrustQuestion): IssuedTrust | Promise<IssuedTrust>
}

/** What `trust` of an issuer is called with. */
export interface TrustQuestion {
  /** Aborted when the source is closed. */
  readonly signal: AbortSignal
}

/** The trust of an issuer: CAs and their CRLs. */
export type IssuedTrust = Partial<Pick<CredentialMaterial, 'ca' | 'crl' | 'crlIssuers' | 'intermediates'>>

type Validity = Pick<PeerIdentity, 'notBefore' | 'notAfter'>
type TrustOptions = Pick<CredentialMaterial, 'ca' | 'crl' | 'crlIssuers' | 'intermediates' | 'authorities'>

/** Types of keys that `renewingCredentials` makes. */
export type RenewingKeyType = 'ec-p256' | 'ec-p384' | 'ed25519' | 'rsa-2048' | 'rsa-3072'

/** Options of `renewingCredentials`. */
export interface RenewingCredentialsOptions extends CheckOptions, TimedOptions, TrustOptions {
  /** Type of the key pair that is made for each certificate. Default `ec-p256`. */
  readonly keyType?: RenewingKeyType | undefined
  /**
   * The fraction of a certificate's lifetime after which it is renewed, above 0 and below 1. Default two thirds. Jitter
   * makes it up to a twentieth of the lifetime earlier.
   */
  readonly renewAfter?: number | undefined
  /**
   * Keeps the certificate and its key: `fileStore(path)`, or an object with `load`, `save` and `lock`. A start uses
   * what is stored, and instances that share a store share the certificate: one of them renews it. Default: none.
   */
  readonly store?: CertificateStore | undefined
}

const KEY_TYPES: Readonly<Record<RenewingKeyType, () => Promise<KeyPair>>> = {
  'ec-p256': async () => await makePair('ec', { namedCurve: 'P-256' }),
  'ec-p384': async () => await makePair('ec', { namedCurve: 'P-384' }),
  ed25519: async () => await makePair('ed25519', {}),
  'rsa-2048': async () => await makePair('rsa', { modulusLength: 2048 }),
  'rsa-3072': async () => await makePair('rsa', { modulusLength: 3072 })
}
const OPTIONS = defineOptions<RenewingCredentialsOptions>('renewingCredentials', CredentialsOptionError, {
  keyType: choice(...Object.keys(KEY_TYPES)),
  renewAfter: valueOf('a number above 0 and below 1', (share) => typeof share === 'number' && share > 0 && share < 1),
  store: methods(['load', 'save']),
  ...TRUST_OPTIONS,
  ...TIMED_OPTIONS,
  ...CHECK_OPTIONS
})
/** It is shown, and becomes a label of metrics. */
const NAME = valueOf('a text of 1 to 300 characters', (name) => {
  return typeof name === 'string' && name !== '' && name.length <= 300
})
/** What the issuer returned, in errors about it. */
const ANSWERED = "the issuer's answer"
const ANSWER = defineOptions<IssuedMaterial>(ANSWERED, CredentialsOptionError, {
  ...MATERIAL_OPTIONS,
  cert: required(valueOf('PEM as a string or Buffer', () => true)),
  renewAt: count()
})

/**
 * Gets a certificate for a new key from an issuer, and renews it when two thirds of its lifetime have passed.
 *
 * If a renewal fails, the former snapshot stays in use, subscribers get the change `refused`, and the issuer is called
 * again with back-off.
 *
 * @param issuer issues the certificates
 * @param options trusted CAs, the type of key, and when to renew
 * @returns the source, once the issuer returned a certificate that passed every check
 * @throws CredentialsOptionError if an option or a returned value is missing, unknown or of the wrong type
 * @throws CredentialsUnavailableError if the first calls (option `attempts`) fail
 * @throws CredentialsRefusedError if the first certificate fails a check
 * @example
 * ```ts
 * const source = await renewingCredentials({
 *   issue: async ({ publicKey, signal }) => {
 *     const { chain, key } = await ca.issue({ cn: 'ledger' }) // the API of your CA, with `publicKey` and `signal`
 *     return { cert: chain, key }
 *   }
 * }, { ca: ca.root })
 * console.log(new Date(source.current.notAfter))
 * await source.close()
 * ```
 */
export async function renewingCredentials (
  issuer: CertificateIssuer, options: RenewingCredentialsOptions = {}
): Promise<TimedCredentials> {
  checkOption(issuer, required(methods(['issue'])), 'issuer', CredentialsOptionError)
  for (const key of ['name', 'id'] as const) checkOption(issuer[key], NAME, `issuer.${key}`, CredentialsOptionError)
  checkOption(issuer.trust, func(), 'issuer.trust', CredentialsOptionError)
  OPTIONS.check(options)
  const { keyType = 'ec-p256', renewAfter = 2 / 3, store } = options
  const trust = pickOptions<TrustOptions>(options, TRUST_OPTIONS)
  checkMaterialTypes(trust)
  const { name, id = name ?? '' } = issuer
  const storedId = `${keyType} ${id}`
  return await startTimedSource({
    what: 'issuer',
    name,
    fetch: async ({ signal, previous }) => {
      const { publicKey, privateKey } = await KEY_TYPES[keyType]()
      // Making a key takes time. A certificate that nobody waits for any more is not ordered.
      signal.throwIfAborted()
      const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string
      const answer = await issuer.issue({ publicKey: spki, privateKey, signal, previous })
      const material = readAnswer(answer, trust, privateKey)
      const written = store && writeStored({ ...answer, key: material.key }, storedId)
      return { material, refreshAfter: undefined, renewAt: answer.renewAt, text: written }
    },
    next: ({ identity, notAfter }, { renewAt, isStored = false }, { clock, random, retry }) => {
      const left = notAfter - clock.now()
      const due = dueAt({ ...identity, notAfter }, renewAt, renewAfter - random() / 20)
      if (due > clock.now()) return { at: due }
      // It was due when this process started. So it may be for many that were restarted together.
      if (isStored) return { after: random() * Math.max(0, Math.min(retry.longest, left / 3)) }
      // An issuer may return a certificate that is due for renewal already. Do not call it again at once. It may have
      // given the same one to many instances.
      return { after: Math.max(retry.first, left / 3 * (1 - random() / 4)) }
    },
    stored: store && {
      store,
      read: async (stored, signal) => {
        const found = readStored(stored, storedId)
        if (found === undefined) return undefined
        const { cert, key, renewAt } = found
        const known = issuer.trust === undefined ? found : { cert, key, ...await issuer.trust({ signal }) }
        return { material: readAnswer(known, trust), refreshAfter: undefined, renewAt, isStored: true }
      },
      isDue: (certificate, { renewAt }, now) => dueAt(certificate, renewAt, renewAfter) <= now
    }
  }, options)
}

/** When a certificate is due for renewal, in milliseconds since the epoch. */
function dueAt (
  { notBefore = 0, notAfter = 0 }: Validity, renewAt: number | undefined, renewAfter: number
): number {
  const lifetime = notAfter - notBefore
  return renewAt === undefined ? notBefore + lifetime * renewAfter : Math.min(renewAt, notBefore + lifetime * 0.9)
}

/** @param made the key of the question. Undefined: what is read was stored, and has its key */
function readAnswer (answer: StoredMaterial, defaults: TrustOptions, made?: KeyObject): GivenMaterial {
  ANSWER.check(answer, ANSWERED)
  const { ca: answered, renewAt: _, ...rest } = answer
  const material: GivenMaterial = { ...chooseTrust(answer, defaults, answered), ...rest }
  checkMaterialTypes(material, ANSWERED, true)
  if (listOf(material.ca).length === 0 && material.authorities === undefined) {
    const expected = 'at least one CA certificate, in the answer or in the options'
    throw wrongValue(CredentialsOptionError, `${ANSWERED}.ca`, undefined, expected)
  }
  return { ...material, key: answer.key ?? made?.export({ type: 'pkcs8', format: 'pem' }) as string }
}

/**
 * `authorities` of the answer replaces all trust of the options. `authorities` of the options replaces `ca` of the
 * answer.
 */
function chooseTrust (answer: StoredMaterial, defaults: TrustOptions, ca: TrustOptions['ca']): TrustOptions {
  if (answer.authorities !== undefined) return {}
  if (defaults.authorities !== undefined) return { authorities: defaults.authorities }
  return { ...defaults, ca: ca ?? defaults.ca }
}

interface KeyPair { readonly publicKey: KeyObject, readonly privateKey: KeyObject }

type Generate = (
  type: string, options: object, done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void
) => void

/** Runs in a thread of the pool, because making an RSA key takes long. */
async function makePair (type: string, options: object): Promise<KeyPair> {
  return await new Promise((resolve, reject) => {
    const generate = generateKeyPair as unknown as Generate
    generate(type, options, (error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(error)
    })
  })
}
