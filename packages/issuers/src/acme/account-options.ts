import { KeyObject } from 'node:crypto'
import {
  defineOptions, describeSecret, flag, list, required, secret, text, wrongOption
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerOptionError } from '../errors.ts'
import { readHmacKey } from './account.ts'
import type { AcmeAccountOptions, ExternalAccountBinding } from './account.ts'
import { readKey } from './account-key.ts'
import type { AccountKeyOptions } from './account-key.ts'
import { EXPECTED_KEY, canSign } from './jws.ts'

/** A shorter secret can be guessed. */
const LEAST_HMAC_OCTETS = 16

const CONTACT = 'a URL such as mailto:ops@example.com'
const ACCOUNT: OptionSet = defineOptions<AcmeAccountOptions>('account', IssuerOptionError, {
  key: secret('a KeyObject, or PEM as a string or Buffer', (value) => {
    return typeof value === 'string' || value instanceof Uint8Array || value instanceof KeyObject
  }),
  keyFile: text('a path'),
  contacts: list('URLs such as mailto:ops@example.com', text(CONTACT)),
  termsOfServiceAgreed: flag,
  // A text may be the secret.
  externalAccountBinding: secret('an object with kid and hmacKey', isObject)
})
const BINDING: OptionSet = defineOptions<ExternalAccountBinding>('externalAccountBinding', IssuerOptionError, {
  kid: required(text('the key identifier that the CA gave')),
  hmacKey: required(secret('the secret that the CA gave, base64url of at least 16 octets', isHmacKey))
})

/** @throws IssuerOptionError */
export function checkAccount (account: AcmeAccountOptions, path: string): void {
  ACCOUNT.check(account, path)
  checkOneKey(account, path)
  const { contacts = [], externalAccountBinding } = account
  for (const [index, contact] of contacts.entries()) {
    if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(contact)) continue
    throw wrongOption(IssuerOptionError, `${path}.contacts[${index}]`, JSON.stringify(contact), CONTACT)
  }
  if (externalAccountBinding !== undefined) BINDING.check(externalAccountBinding, `${path}.externalAccountBinding`)
}

function checkOneKey ({ key, keyFile }: AccountKeyOptions, path: string): void {
  if ((key === undefined) === (keyFile === undefined)) {
    const found = key === undefined ? 'neither key nor keyFile' : 'both key and keyFile'
    throw new IssuerOptionError(`${path} has ${found}; expected one of them`)
  }
  if (key === undefined || canSign(readKey(key, `${path}.key`))) return
  throw wrongOption(IssuerOptionError, `${path}.key`, `${describeSecret(key)} of another type`, EXPECTED_KEY)
}

function isObject (value: unknown): boolean { return typeof value === 'object' && value !== null }

function isHmacKey (value: unknown): boolean {
  if (typeof value === 'string' && !/^[\w+/-]+=*$/.test(value)) return false
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) return false
  return readHmacKey(value).length >= LEAST_HMAC_OCTETS
}
