import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { encodePem } from '@peerkit/identity'
import { encodeName, subjectOf } from './certificate/distinguished-name.ts'
import { bytes, developmentComment, leafExtensions, replaceExtensions } from './certificate/extensions.ts'
import { generateKeyPair } from './certificate/key-pair.ts'
import type { KeyPair } from './certificate/key-pair.ts'
import { readText } from './certificate/names.ts'
import { signCertificate } from './certificate/sign-certificate.ts'
import { checkCaOptions, checkCrlOptions, checkIssueOptions, checkRevokeOptions } from './check-options.ts'
import { DevCaOptionError } from './errors.ts'
import type { CaOptions, CrlOptions, IssueOptions, IssuedCertificate, RevokeOptions } from './options.ts'
import { checkOwnCertificate, readRevocationTarget } from './revocation/revocation-target.ts'
import type { RevocationTarget } from './revocation/revocation-target.ts'
import { checkReason, signCrl } from './revocation/sign-crl.ts'
import type { Crl, Revocation } from './revocation/sign-crl.ts'

/** A private certificate authority for development and tests. */
export interface DevCa {
  /** The certificate of this CA, PEM. */
  readonly certificate: string
  /** The certificate of this CA, DER. */
  readonly der: Uint8Array
  /** The private key of this CA, PKCS#8 PEM. */
  readonly key: string
  /** The certificate of the root, PEM. Use it as `ca`. */
  readonly root: string
  /** The intermediates from this CA up, without the root, PEM. Empty for a root. */
  readonly chain: string
  /**
   * Issues a leaf certificate with a new key.
   *
   * @throws DevCaOptionError if an option is wrong
   */
  issue (options?: IssueOptions): Promise<IssuedCertificate>
  /**
   * Creates a CA below this one. Its leaves have the intermediates in `chain`.
   *
   * @throws DevCaOptionError if an option is wrong
   */
  intermediate (options?: CaOptions): Promise<DevCa>
  /**
   * Puts a certificate of this CA on its next CRL. An intermediate is revoked by the CA above it:
   * `root.revoke(intermediate)`.
   *
   * @param certificate the result of `issue`, a CA, PEM (the first certificate), DER, or a serial number in
   *   hexadecimal, which may be any; see `hasIssued`
   * @returns its serial number, in hexadecimal
   * @throws DevCaOptionError for anything else, for a certificate that this CA has not signed, and if an option
   *   is wrong
   */
  revoke (certificate: RevocationTarget, options?: RevokeOptions): string
  /** Whether this CA has issued a certificate with this serial number, in hexadecimal, as far as it was saved. */
  hasIssued (serialNumber: string): boolean
  /**
   * Signs a CRL with all revoked certificates, valid for 7 days.
   *
   * @throws DevCaOptionError if an option is wrong
   */
  crl (options?: CrlOptions): Promise<Crl>
}

/** The state of a CA. {@link openCa} creates a {@link DevCa} from it. */
export interface CaState {
  /** Its certificate as bytes: no type of @peculiar/x509 may appear in the public types. */
  readonly der: Uint8Array
  /** The encoded subject, which is the issuer of certificates and CRLs. */
  readonly name: Uint8Array
  readonly keys: KeyPair
  readonly root: string
  readonly chain: string
  readonly revocations: Map<string, Revocation>
  /** The serial numbers of all certificates that it has issued. */
  readonly issued: Set<string>
  crlNumber: number
}

const DEFAULT_NAME = 'Peerkit development CA'

/**
 * Creates a root CA for development and tests, in memory. No file is written.
 *
 * @param options name, key type and lifetime; default: an EC P-256 key and 30 days
 * @returns the CA
 * @throws DevCaOptionError if an option is wrong
 * @example
 * ```ts
 * const ca = await createDevCa({ name: 'Test CA' })
 * const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
 * const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
 * await credentials.close()
 * ```
 */
export async function createDevCa (options: CaOptions = {}): Promise<DevCa> {
  checkCaOptions(options)
  return await createCa(options, DEFAULT_NAME)
}

/** Creates a CA from its state. */
export function openCa (state: CaState): DevCa {
  const { der, name, keys, root, chain, revocations, issued } = state
  const ca: DevCa = {
    certificate: encodePem(der),
    der,
    key: keys.pem,
    root,
    chain,
    issue: (options = {}) => issueLeaf(state, options),
    intermediate: async (options = {}) => {
      checkCaOptions(options)
      return await createCa({ pathLength: 0, ...options }, nameIntermediate(chain), state)
    },
    revoke: (target, options = {}) => {
      checkRevokeOptions(options)
      const { reason, date = new Date() } = options
      const { serialNumber, der: revoked } = readRevocationTarget(target)
      checkReason(reason)
      if (revoked !== undefined) checkOwnCertificate(revoked, { der, key: keys.pem })
      revocations.set(serialNumber, { serialNumber, reason, date, after: state.crlNumber })
      return serialNumber
    },
    hasIssued: (serialNumber) => issued.has(serialNumber.toLowerCase()),
    crl: async (options = {}) => {
      checkCrlOptions(options)
      const number = options.number ?? state.crlNumber + 1
      state.crlNumber = Math.max(state.crlNumber, number)
      const { keyId } = new x509.X509Certificate(bytes(der)).getExtension(
        x509.SubjectKeyIdentifierExtension
      ) ?? await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any)
      const issuer = { name, keyIdentifier: Buffer.from(keyId, 'hex'), keys }
      return signCrl(issuer, [...revocations.values()], number, options)
    }
  }
  states.set(ca, state)
  return ca
}

const states = new WeakMap<DevCa, CaState>()

/** The state of a CA. @throws DevCaOptionError for an object that {@link openCa} did not create */
export function stateOf (ca: DevCa): CaState {
  const state = states.get(ca)
  if (state === undefined) {
    throw new DevCaOptionError(
      'ca is not a CA of this package; expected the result of createDevCa, intermediate or openDevCa'
    )
  }
  return state
}

/**
 * A name for each depth. A CA with the name of its issuer would be self-issued and not count for path lengths (RFC 5280
 * section 6.1.4).
 */
function nameIntermediate (chain: string): string {
  const depth = chain.split('-----BEGIN').length
  return `Peerkit development intermediate CA${depth === 1 ? '' : ` ${depth}`}`
}

function caSubject (name: string): Array<{ type: string, value: string }> {
  return [
    { type: 'O', value: 'Peerkit development CA, not for production' }, { type: 'CN', value: readText(name, 'name') }
  ]
}

/** Creates a CA with a new key. Without `issuer` it is a root. */
async function createCa (options: CaOptions, defaultName: string, issuer?: CaState): Promise<DevCa> {
  const keys = await generateKeyPair(options.key)
  const name = encodeName(options.subject ?? caSubject(options.name ?? defaultName))
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
  const extensions = replaceExtensions([
    new x509.BasicConstraintsExtension(true, options.pathLength, true),
    new x509.KeyUsagesExtension(usage, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any),
    ...(issuer === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey as any)]),
    developmentComment()
  ], options.extensions ?? [])
  const { der, serialNumber } = signCertificate({
    subject: name,
    issuer: issuer?.name ?? name,
    keys,
    signer: issuer?.keys ?? keys,
    validity: options,
    defaultDays: 30,
    extensions
  })
  issuer?.issued.add(serialNumber)
  const pem = encodePem(der)
  return openCa({
    der,
    name,
    keys,
    root: issuer?.root ?? pem,
    chain: issuer === undefined ? '' : pem + issuer.chain,
    revocations: new Map(),
    issued: new Set(),
    crlNumber: 0
  })
}

async function issueLeaf (
  { name, keys: signer, root, chain, issued }: CaState,
  options: IssueOptions
): Promise<IssuedCertificate> {
  checkIssueOptions(options)
  const keys = await generateKeyPair(options.key)
  const subject = subjectOf(options)
  const extensions = replaceExtensions([
    ...leafExtensions(options, subject.length === 0),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any),
    await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey as any)
  ], options.extensions ?? [])
  const { der, serialNumber } = signCertificate({
    subject: encodeName(subject),
    issuer: name,
    keys,
    signer,
    validity: options,
    defaultDays: 7,
    serialNumber: options.serialNumber,
    extensions
  })
  issued.add(serialNumber)
  const cert = encodePem(der)
  return { cert, chain: cert + chain, key: keys.pem, der, serialNumber, ca: root }
}
