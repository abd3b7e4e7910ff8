import { describeValue } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { AccountKeyOptions } from './account-key.ts'
import { AcmeProblemError } from './acme-session.ts'
import type { AcmeAnswer, AcmeSession } from './acme-session.ts'
import { signWithSecret } from './jws.ts'

/** Ties the account to one that the CA knows already (RFC 8555 section 7.3.4). */
export interface ExternalAccountBinding {
  /** The key identifier that the CA gave. */
  readonly kid: string
  /** The secret that the CA gave: base64 or base64url, or its bytes. */
  readonly hmacKey: string | Uint8Array
}

/** Our account with the CA. */
export interface AcmeAccountOptions extends AccountKeyOptions {
  /** Whom the CA may write to: `mailto:ops@example.com`. Default: nobody. */
  readonly contacts?: readonly string[] | undefined
  /** Whether you agree to the CA's terms of service. Default false. A CA that has terms needs true. */
  readonly termsOfServiceAgreed?: boolean | undefined
  /** Needed by CAs that issue for their customers only. Default: none. */
  readonly externalAccountBinding?: ExternalAccountBinding | undefined
}

/**
 * Finds the account of the key, or makes it.
 *
 * @returns the URL of the account
 * @throws IssuerError
 */
export async function openAccount (session: AcmeSession, options: AcmeAccountOptions): Promise<string> {
  const { externalAccountBinding: binding, contacts = [] } = options
  const found = binding === undefined ? undefined : await findAccount(session)
  const answer = found ?? await makeAccount(session, options)
  const url = session.locate(answer.headers['location'], 'the URL of the account').href
  const { status, contact } = answer.json()
  if (status !== undefined && status !== 'valid') {
    const found = `the account ${url} is ${describeValue(status)}`
    throw new IssuerError('denied', `${session.name}: ${found}; expected "valid". Use another account key`)
  }
  // Let's Encrypt keeps no contacts, and shows none.
  if (Array.isArray(contact) && !isSame(contact, contacts)) {
    await session.post(new URL(url), { contact: contacts }, url)
  }
  return url
}

/** Some servers accept a binding once: an account that exists must not present it again. */
async function findAccount (session: AcmeSession): Promise<AcmeAnswer | undefined> {
  try {
    return await session.post(session.directory.newAccount, { onlyReturnExisting: true }, undefined)
  } catch (error) {
    if (error instanceof AcmeProblemError && error.problem.type === 'accountDoesNotExist') return undefined
    throw error
  }
}

async function makeAccount (session: AcmeSession, options: AcmeAccountOptions): Promise<AcmeAnswer> {
  const { contacts = [], termsOfServiceAgreed = false, externalAccountBinding: binding } = options
  const { directory: { newAccount, termsOfService, externalAccountRequired }, name } = session
  if (termsOfService !== undefined && !termsOfServiceAgreed) {
    throw new IssuerError('refused', `${name}: account.termsOfServiceAgreed is false; expected true, after you have ` +
      `read ${JSON.stringify(termsOfService)}`)
  }
  if (externalAccountRequired && binding === undefined) {
    throw new IssuerError('denied', `${name}: account.externalAccountBinding is missing; expected the kid and the ` +
      'hmacKey of your account with this CA')
  }
  return await session.post(newAccount, {
    ...(termsOfServiceAgreed && { termsOfServiceAgreed }),
    ...(contacts.length > 0 && { contact: contacts }),
    ...(binding !== undefined && {
      externalAccountBinding: signWithSecret(
        readHmacKey(binding.hmacKey), { kid: binding.kid, url: newAccount.href }, session.signer.jwk
      )
    })
  }, undefined)
}

/** CAs give it in base64url, and some in base64. Node reads both. */
export function readHmacKey (hmacKey: string | Uint8Array): Uint8Array {
  return typeof hmacKey === 'string' ? Buffer.from(hmacKey, 'base64url') : hmacKey
}

function isSame (found: readonly unknown[], wanted: readonly string[]): boolean {
  return found.length === wanted.length && wanted.every((one) => found.includes(one))
}
