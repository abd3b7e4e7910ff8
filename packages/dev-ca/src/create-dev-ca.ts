import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { checkCaOptions, checkCrlOptions, checkIssueOptions, checkRevokeOptions } from './check-options.ts'
import { encodeName, subjectOf } from './encode-name.ts'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
import { bytes, developmentComment, leafExtensions, replaceExtensions } from './extensions.ts'
import { encodePem, generateKeyPair } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import type { CaOptions, IssueOptions, IssuedCertificate } from './options.ts'
import { readRevocationTarget } from './revocation-target.ts'
import type { RevocationTarget } from './revocation-target.ts'
import { signCertificate } from './sign-certificate.ts'
import { checkReason, signCrl } from './sign-crl.ts'
import type { Crl, CrlOptions, Revocation, RevokeOptions } from './sign-crl.ts'

/** A private certificate authority, in memory. */
export interface DevCa {
  /** This CA's certificate, PEM and DER. */
  readonly certificate: string
  readonly der: Uint8Array
  /** This CA's key, PKCS#8 PEM. */
  readonly key: string
  /** The root's certificate, PEM: what others trust. */
  readonly root: string
  /** Intermediates from this CA up, root excluded, PEM; empty for a root. */
  readonly chain: string
  issue (options?: IssueOptions): Promise<IssuedCertificate>
  intermediate (options?: CaOptions): Promise<DevCa>
  /**
   * Puts a certificate of this CA on its next CRL. An intermediate is revoked by the CA above it:
   * `root.revoke(intermediate)`.
   *
   * @param certificate what `issue` gave, a CA, PEM (its first certificate counts), DER, or a serial number in
   * hexadecimal
   * @throws MTLS_ERR_DEV_CA_OPTION on anything else, and on a wrong option
   */
  revoke (certificate: RevocationTarget, options?: RevokeOptions): void
  crl (options?: CrlOptions): Promise<Crl>
}

/** What a CA is made of; {@link openCa} makes a {@link DevCa} of it. */
export interface CaState {
  /** Its certificate. Bytes, since no type of @peculiar/x509 may stand in the public types. */
  readonly der: Uint8Array
  /** Its subject as encoded: what issued certificates and CRLs name. */
  readonly name: Uint8Array
  readonly keys: KeyPair
  readonly root: string
  readonly chain: string
  readonly revocations: Map<string, Revocation>
  crlNumber: number
}

const DEFAULT_NAME = 'Peerkit development CA'

/**
 * Makes a root CA for development and tests. Nothing is written anywhere.
 *
 * @throws MTLS_ERR_DEV_CA_OPTION on a wrong option.
 */
export async function createDevCa (options: CaOptions = {}): Promise<DevCa> {
  checkCaOptions(options)
  const keys = await generateKeyPair(options.key)
  const subject = options.subject ?? caSubject(options.name ?? DEFAULT_NAME)
  const name = encodeName(subject)
  const der = await signCa({ options, subject: name, keys })
  return openCa({ der, name, keys, root: encodePem('CERTIFICATE', der), chain: '', revocations: new Map(), crlNumber: 0 })
}

/** Makes the operations of a CA from its state. */
export function openCa (state: CaState): DevCa {
  const { der, name, keys, root, chain, revocations } = state
  const ca: DevCa = {
    certificate: encodePem('CERTIFICATE', der),
    der,
    key: keys.pem,
    root,
    chain,
    issue: (options = {}) => issueLeaf(state, options),
    intermediate: async (options = {}) => {
      checkCaOptions(options)
      const own = await generateKeyPair(options.key)
      const subject = encodeName(options.subject ?? caSubject(options.name ?? nameIntermediate(chain)))
      const made = await signCa({ options: { pathLength: 0, ...options }, subject, keys: own, issuer: state })
      return openCa({ der: made, name: subject, keys: own, root, chain: encodePem('CERTIFICATE', made) + chain, revocations: new Map(), crlNumber: 0 })
    },
    revoke: (target, options = {}) => {
      checkRevokeOptions(options)
      const { reason, date = new Date() } = options
      const serialNumber = readRevocationTarget(target)
      checkReason(reason)
      revocations.set(serialNumber, { serialNumber, reason, date, after: state.crlNumber })
    },
    crl: async (options = {}) => {
      checkCrlOptions(options)
      const number = options.number ?? state.crlNumber + 1
      state.crlNumber = Math.max(state.crlNumber, number)
      const { keyId } = new x509.X509Certificate(bytes(der)).getExtension(x509.SubjectKeyIdentifierExtension) ?? await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any)
      const issuer = { name, keyIdentifier: Buffer.from(keyId, 'hex'), keys }
      return signCrl(issuer, [...revocations.values()], number, options)
    }
  }
  states.set(ca, state)
  return ca
}

const states = new WeakMap<DevCa, CaState>()

/** The state of a CA that {@link openCa} made. @throws MTLS_ERR_DEV_CA_OPTION on any other object */
export function stateOf (ca: DevCa): CaState {
  const state = states.get(ca)
  if (state === undefined) throw new MTLS_ERR_DEV_CA_OPTION('ca is no CA of this package; expected what createDevCa, intermediate or openDevCa gave')
  return state
}

/** One name for each depth: a CA that has its issuer's name is self-issued and does not count for path lengths (RFC 5280 section 6.1.4). */
function nameIntermediate (chain: string): string {
  const depth = chain.split('-----BEGIN').length
  return `Peerkit development intermediate CA${depth === 1 ? '' : ` ${depth}`}`
}

function caSubject (name: string): Array<{ type: string, value: string }> {
  return [{ type: 'O', value: 'Peerkit development CA, not for production' }, { type: 'CN', value: name }]
}

/** What a CA's certificate is made of; without an issuer it signs itself. */
interface CaFields { readonly options: CaOptions, readonly subject: Uint8Array, readonly keys: KeyPair, readonly issuer?: CaState }

async function signCa ({ options, subject, keys, issuer }: CaFields): Promise<Uint8Array> {
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
  const extensions = replaceExtensions([
    new x509.BasicConstraintsExtension(true, options.pathLength, true),
    new x509.KeyUsagesExtension(usage, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any),
    ...(issuer === undefined ? [] : [await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey as any)]),
    developmentComment()
  ], options.extensions ?? [])
  return signCertificate({ subject, issuer: issuer?.name ?? subject, keys, signer: issuer?.keys ?? keys, validity: options, defaultDays: 30, extensions }).der
}

async function issueLeaf ({ name, keys: signer, root, chain }: CaState, options: IssueOptions): Promise<IssuedCertificate> {
  checkIssueOptions(options)
  const keys = await generateKeyPair(options.key)
  const subject = subjectOf(options)
  const extensions = replaceExtensions([
    ...leafExtensions(options, subject.length === 0),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as any),
    await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey as any)
  ], options.extensions ?? [])
  const { der, serialNumber } = signCertificate({
    subject: encodeName(subject), issuer: name, keys, signer, validity: options, defaultDays: 7, serialNumber: options.serialNumber, extensions
  })
  const cert = encodePem('CERTIFICATE', der)
  return { cert, chain: cert + chain, key: keys.pem, der, serialNumber, ca: root }
}
