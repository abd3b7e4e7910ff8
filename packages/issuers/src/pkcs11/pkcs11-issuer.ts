import { CredentialsUnavailableError } from '@peerkit/credentials'
import type { CertificateIssuer, IssuedMaterial, IssueQuestion, Pkcs11Key } from '@peerkit/credentials'
import {
  checkPkcs11Key, describePkcs11Key, NOT_AGAIN, readPkcs11Uri, SYSTEM_CLOCK, usePin
} from '@peerkit/credentials/internal'
import { checkOption, func, messageOf, methods, required } from '@peerkit/identity/internal'
import { IssuerError, IssuerOptionError } from '../errors.ts'
import { findSigner } from './token-signer.ts'
import { openSession } from './token-session.ts'
import type { P11Crypto, P11CryptoClass } from './webcrypto-p11.ts'

/** Where the key is, and what signs requests with it. */
export interface Pkcs11IssuerKey extends Pkcs11Key {
  /** The class `Crypto` of the package node-webcrypto-p11 (2.8 or later), which signs the requests in the token. */
  readonly Crypto: P11CryptoClass
}

/** Milliseconds for the PIN function. The whole call has a limit of its own: the option `timeout` of the source. */
const PIN_TIMEOUT = 10_000

/**
 * Makes an issuer issue certificates for a key in a token. The requests are signed in the token, and the sources use
 * the key there. The same key stays in use: only the certificate is renewed. Experimental, as keys in tokens are.
 *
 * @param issuer asks for certificates: any issuer that signs requests
 * @param key where the key is: EC on P-256, P-384 or P-521, or RSA, with its public key in the token
 * @throws IssuerOptionError, CredentialsOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * class Crypto {} // import { Crypto } from 'node-webcrypto-p11'
 * const issuer = pkcs11Issuer({ issue: async ({ publicKey }) => ({ cert: issued.chain, ca: ca.root }) }, {
 *   pkcs11: 'pkcs11:token=ledger;object=tls', module: '/usr/lib/libexample.so', pin: () => '1234', Crypto
 * })
 * console.log(typeof issuer.issue) // function
 * ```
 */
export function pkcs11Issuer (issuer: CertificateIssuer, key: Pkcs11IssuerKey): CertificateIssuer {
  checkOption(issuer, required(methods(['issue'])), 'issuer', IssuerOptionError)
  const { Crypto, ...token } = key ?? {}
  checkPkcs11Key(token, 'key')
  checkOption(Crypto, required(func('the class Crypto of node-webcrypto-p11')), 'key.Crypto', IssuerOptionError)
  const uri = readPkcs11Uri(token.pkcs11, 'key.pkcs11')
  const where = describePkcs11Key(token)
  return {
    async issue (question) {
      const session = openSession(Crypto, token, uri, where)
      try {
        await logIn(session, token, where, question.signal)
        const signer = await findSigner(session, uri, where)
        const answer = await issuer.issue({ ...question, publicKey: signer.publicKey, privateKey: signer })
        return withKey(answer, token, where)
      } finally {
        session.session.close()
      }
    }
  }
}

async function logIn (
  session: P11Crypto, key: Pkcs11Key, where: string, signal: IssueQuestion['signal']
): Promise<void> {
  await usePin(key, where, { clock: SYSTEM_CLOCK, timeout: PIN_TIMEOUT, signal }, {
    use: (pin) => { session.login(pin.toString()) },
    isRefused: isPinRefused
  }).catch((error: unknown) => {
    if (String((error as { code?: unknown }).code).startsWith('MTLS_ERR_')) throw error
    const again = isPinRefused(error) ? `; ${NOT_AGAIN}` : ''
    throw new CredentialsUnavailableError('pin', `${where}: the token refused the login: ${messageOf(error)}${again}`)
  })
}

/** The errors CKR_PIN_INCORRECT, CKR_PIN_INVALID and CKR_PIN_LEN_RANGE of PKCS#11. */
function isPinRefused (error: unknown): boolean {
  return /CKR_PIN_(?:INCORRECT|INVALID|LEN_RANGE)/.test(messageOf(error))
}

/** @throws IssuerError if the issuer made a key of its own */
function withKey (answer: IssuedMaterial, key: Pkcs11Key, where: string): IssuedMaterial {
  if (answer?.key === undefined && answer?.pfx === undefined) return { ...answer, key }
  throw new IssuerError('answer', `${where}: the issuer made a key of its own; expected one that signs requests`)
}
