import { clip, describeUrl, listWords } from '@peerkit/identity/internal'
import { IssuerError, detailOf } from '../errors.ts'

/** What an ACME server offers, and where (RFC 8555 section 7.1.1). */
export interface AcmeDirectory {
  readonly newNonce: URL
  readonly newAccount: URL
  readonly newOrder: URL
  /** Where renewal information is (RFC 9773). Undefined: the server has none. */
  readonly renewalInfo: URL | undefined
  /** Where its terms of service are. Undefined: it has none. */
  readonly termsOfService: string | undefined
  readonly externalAccountRequired: boolean
  /** The names of the profiles that it offers. Undefined: it has none. */
  readonly profiles: readonly string[] | undefined
}

/**
 * Reads a directory.
 *
 * @param locate reads a URL of the server, or throws
 * @throws IssuerError
 */
export function readDirectory (
  found: Readonly<Record<string, unknown>>, name: string, locate: (url: unknown, what: string) => URL
): AcmeDirectory {
  if (typeof found['newOrder'] !== 'string') {
    const keys = listWords(Object.keys(found).slice(0, 8).map((key) => JSON.stringify(clip(key, 40))))
    const shown = keys === '' ? 'an empty object' : `an object with ${keys}`
    throw new IssuerError('answer', `${name}: the directory is ${shown}; expected one with newNonce, newAccount and ` +
      'newOrder (RFC 8555). Is the option directory the URL of the directory?')
  }
  const { newNonce, newAccount, newOrder, renewalInfo } = found
  const meta = (typeof found['meta'] === 'object' && found['meta'] !== null ? found['meta'] : {}) as
    Readonly<Record<string, unknown>>
  const { termsOfService, externalAccountRequired, profiles } = meta
  return {
    newNonce: locate(newNonce, 'newNonce'),
    newAccount: locate(newAccount, 'newAccount'),
    newOrder: locate(newOrder, 'newOrder'),
    renewalInfo: renewalInfo === undefined ? undefined : locate(renewalInfo, 'renewalInfo'),
    termsOfService: typeof termsOfService === 'string' ? clip(termsOfService) : undefined,
    externalAccountRequired: externalAccountRequired === true,
    profiles: typeof profiles === 'object' && profiles !== null ? Object.keys(profiles) : undefined
  }
}

/** The error of a directory that is not there: an ACME server has it at a path that only its documentation tells. */
export function explainMissing (error: IssuerError): IssuerError {
  const { reason, status } = error
  const detail = `${detailOf(error)}. Is the option directory the URL of the directory?`
  return new IssuerError(reason, detail, { status, cause: error })
}

/**
 * Reads a URL that the server names. It has to be of the directory's own origin: otherwise a server that lies could
 * have signed requests sent to any machine that this one can reach.
 *
 * @throws IssuerError
 */
export function readServerUrl (value: unknown, what: string, { origin, name }: { origin: string, name: string }): URL {
  if (typeof value === 'string' && URL.canParse(value)) {
    const url = new URL(value)
    if (url.origin === origin && url.username === '' && url.password === '') return url
  }
  throw new IssuerError('answer', `${name}: ${what} is ${describeUrl(value)}; expected a URL of ${origin}`)
}
