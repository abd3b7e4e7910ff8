import { defineOptions, required, secret, text, valueOf } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { CredentialsOptionError } from '../errors.ts'
import { readPkcs11Uri } from './pkcs11-uri.ts'

/** What the PIN function is called with. */
export interface PinQuestion {
  /** Aborted after the option `timeout`, or when the source is closed. */
  readonly signal: AbortSignal
}

/**
 * A private key in a token: a hardware security module, a smart card, a TPM. Experimental: it needs the PKCS#11 engine
 * of OpenSSL, and Node deprecates engines (DEP0183).
 */
export interface Pkcs11Key {
  /**
   * Which key: a PKCS#11 URI (RFC 7512) with `token` or `serial`, and with `object` or `id`. No PIN and no path of a
   * module in it: `pkcs11:token=ledger;object=tls`.
   */
  readonly pkcs11: string
  /** Path of the PKCS#11 module of the token: `/usr/lib/softhsm/libsofthsm2.so`. A process can use one module. */
  readonly module: string
  /** Returns the PIN of the token: 1 to 31 octets. Called at every load. A PIN that was refused is not tried again. */
  readonly pin: (question: PinQuestion) => string | Uint8Array | Promise<string | Uint8Array>
  /**
   * Folder of the engine `pkcs11.so`. Default: the variable OPENSSL_ENGINES, or the usual folder of the system:
   * `/usr/lib/x86_64-linux-gnu/engines-3`.
   */
  readonly engines?: string | undefined
}

const PKCS11_KEY: OptionSet = defineOptions<Pkcs11Key>('key', CredentialsOptionError, {
  pkcs11: required(valueOf(
    'a PKCS#11 URI such as pkcs11:token=ledger;object=tls', (value) => typeof value === 'string' && value !== '',
    // It may have a PIN.
    (value) => typeof value === 'string' ? 'an empty string' : `of type ${typeof value}`
  )),
  module: required(text('the path of a PKCS#11 module such as /usr/lib/softhsm/libsofthsm2.so')),
  pin: required(secret('a function that returns the PIN', (value) => typeof value === 'function')),
  engines: text('the path of a folder')
})

/** Whether a value is meant as a key in a token. Its options may be wrong all the same. */
export function isPkcs11Key (value: unknown): value is Pkcs11Key {
  return typeof value === 'object' && value !== null && 'pkcs11' in value
}

/** @throws CredentialsOptionError */
export function checkPkcs11Key (value: unknown, path = 'key'): asserts value is Pkcs11Key {
  PKCS11_KEY.check(value, path)
  readPkcs11Uri((value as Pkcs11Key).pkcs11, `${path}.pkcs11`)
}

/** The option and the key, for errors. */
export function describePkcs11Key ({ pkcs11 }: Pkcs11Key, path = 'key'): string {
  return `${path} (${readPkcs11Uri(pkcs11, `${path}.pkcs11`).text})`
}
