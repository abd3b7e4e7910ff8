import type { SecureContext } from 'node:tls'
import { defineOptions, derOf, duration, valueOf } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsOptionError } from '../errors.ts'
import { checkMaterialTypes } from '../material/check-types.ts'
import { listOf } from '../material/material.ts'
import type { Pem } from '../material/material.ts'
import { readCertificates } from '../material/parsed-certificate.ts'
import { openInEngine } from './engine.ts'
import type { EngineQuestion } from './engine.ts'
import { OpaqueKey } from './opaque-key.ts'
import { describeOpenError, isPinRefused } from './open-error.ts'
import { checkPkcs11Key, describePkcs11Key } from './pkcs11-key.ts'
import type { Pkcs11Key } from './pkcs11-key.ts'
import { readPkcs11Uri } from './pkcs11-uri.ts'
import { proveKey } from './prove-key.ts'
import { usePin } from './use-pin.ts'

/** Options of `openPkcs11Key`. */
export interface OpenPkcs11KeyOptions {
  /** Time limit of the PIN function, and of the handshake that proves the key, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
  /** Ends the wait. Default: nothing does. */
  readonly signal?: AbortSignal | undefined
}

/** How a key is opened. */
export interface OpenKeyOptions extends OpenPkcs11KeyOptions {
  readonly clock?: Clock | undefined
  /** Opens the engine. Tests pass another. */
  readonly open?: ((question: EngineQuestion) => SecureContext) | undefined
}

const OPTIONS: OptionSet = defineOptions<OpenPkcs11KeyOptions>('openPkcs11Key', CredentialsOptionError, {
  timeout: duration(),
  signal: valueOf('an AbortSignal', (signal) => signal instanceof AbortSignal)
})

/** Where key and certificate come from, for errors. */
interface KeyOrigins { readonly key: string, readonly cert: string }

/**
 * Opens a private key in a token, and proves by a handshake in memory that it belongs to a certificate. For
 * `memoryCredentials`; the other sources do it by themselves.
 *
 * The PIN is tried once. One that the token refused is not tried again in this process, because tokens lock after a few
 * wrong ones. Signing blocks the process for as long as the token takes.
 *
 * @param key where the key is
 * @param cert our leaf certificate, then its intermediates, PEM
 * @param options time limit in milliseconds, clock and signal
 * @throws CredentialsOptionError if an option is missing, unknown or wrong
 * @throws CredentialsUnavailableError if there is no engine, module, token, PIN or key: `reason` says which
 * @throws CredentialsRefusedError if the certificate cannot be read, or the key does not belong to it
 * @example
 * ```ts
 * const { code } = await openPkcs11Key({
 *   pkcs11: 'pkcs11:token=ledger;object=tls', module: '/usr/lib/libexample.so', pin: () => '1234'
 * }, issued.chain).catch((error) => error)
 * console.log(code) // MTLS_ERR_CREDENTIALS_UNAVAILABLE: there is no such module
 * ```
 */
export async function openPkcs11Key (
  key: Pkcs11Key, cert: Pem | readonly Pem[], options: OpenPkcs11KeyOptions = {}
): Promise<OpaqueKey> {
  checkPkcs11Key(key)
  OPTIONS.check(options)
  checkMaterialTypes({ cert })
  const { timeout, signal } = options
  return await openKey(key, cert, { key: describePkcs11Key(key), cert: 'cert' }, { timeout, signal })
}

/** The same, for options that were checked. */
export async function openKey (
  key: Pkcs11Key, cert: Pem | readonly Pem[], origins: KeyOrigins, options: OpenKeyOptions = {}
): Promise<OpaqueKey> {
  const {
    clock = SYSTEM_CLOCK, timeout = 10_000, signal = new AbortController().signal, open = openInEngine
  } = options
  const { key: where } = origins
  const certificates = listOf(cert).flatMap((text) => readCertificates(text, origins.cert))
  const [leaf] = certificates
  if (leaf === undefined) throw new CredentialsOptionError('cert is missing; expected it beside a key in a token')
  const { text: uri } = readPkcs11Uri(key.pkcs11, where)
  const chain = certificates.map(({ x509 }) => x509.toString()).join('')
  const context = await usePin(key, where, { clock, timeout, signal }, {
    use: (pin) => open({ where, module: key.module, engines: key.engines, uri, pin, cert: chain }),
    isRefused: isPinRefused
  }).catch((error: unknown) => { throw describeOpenError(error, where) })
  await proveKey({ context, leaf: derOf(leaf.identity) ?? new Uint8Array(), where, clock, timeout, signal })
  return new OpaqueKey(uri, leaf.identity.publicKey256 ?? '', context)
}
