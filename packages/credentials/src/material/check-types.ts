import { describeSecret, wrongOption, wrongValue } from '@peerkit/identity/internal'
import { checkAuthorities } from '../authority/list-authorities.ts'
import { CredentialsOptionError } from '../errors.ts'
import { isOpaqueKey } from '../pkcs11/opaque-key.ts'
import { checkPkcs11Key, isPkcs11Key } from '../pkcs11/pkcs11-key.ts'
import { listOf, TRUST_PARTS } from './material.ts'
import type { CredentialMaterial, GivenMaterial } from './material.ts'

const PARTS = ['cert', 'key', 'ca', 'crl', 'crlIssuers', 'intermediates'] as const
const LISTS: readonly string[] = ['cert', 'ca', 'crl', 'crlIssuers', 'intermediates']

/**
 * Every option must be text or bytes, or a list of them. Errors name the type that was found, never the value.
 *
 * @param at what has the options, such as `answer`. Default: they are those of the call
 * @param mayOpen whether the caller can open a key in a token. Default false
 * @throws CredentialsOptionError
 */
export function checkMaterialTypes (material: Partial<GivenMaterial>, at?: string, mayOpen = false): void {
  for (const part of PARTS) {
    const value: unknown = material[part]
    if (part === 'key' && checkOpaque(value, pathOf(part, at), mayOpen)) continue
    if (Array.isArray(value) && !LISTS.includes(part)) throw wrong(pathOf(part, at), 'a list', 'one PEM text')
    checkPem(value, pathOf(part, at))
  }
  if (material.authorities !== undefined) {
    for (const name of checkAuthorities(material)) {
      for (const part of TRUST_PARTS) {
        checkPem(material.authorities[name]?.[part], pathOf(`authorities.${name}.${part}`, at))
      }
    }
  }
  const { pfx, passphrase } = material
  if (pfx !== undefined && !(pfx instanceof Uint8Array)) {
    throw wrong(pathOf('pfx', at), describeSecret(pfx), 'PKCS#12 as a Buffer')
  }
  if (passphrase !== undefined && !isText(passphrase)) {
    throw wrong(pathOf('passphrase', at), describeSecret(passphrase), 'a string or Buffer')
  }
}

/** Checks a key in a token. Returns whether it is one. @throws CredentialsOptionError */
function checkOpaque (value: unknown, path: string, mayOpen: boolean): boolean {
  if (isOpaqueKey(value)) return true
  if (!isPkcs11Key(value)) return false
  if (!mayOpen) throw wrong(path, 'a key in a token that is not open', 'PEM, or the result of openPkcs11Key()')
  checkPkcs11Key(value, path)
  return true
}

/** @throws CredentialsOptionError if neither `ca` nor `authorities` is set */
export function checkTrustGiven (
  { ca, authorities }: Partial<Pick<CredentialMaterial, 'ca' | 'authorities'>>, at?: string
): void {
  if (ca !== undefined || authorities !== undefined) return
  throw wrongValue(
    CredentialsOptionError, pathOf('ca', at), undefined, 'CA certificates, or the option authorities'
  )
}

function wrong (option: string, found: string, expected: string): Error {
  return wrongOption(CredentialsOptionError, option, found, expected)
}

function checkPem (value: unknown, path: string): void {
  for (const item of listOf(value)) {
    if (!isText(item)) throw wrong(path, describeSecret(item), 'PEM as a string or Buffer')
  }
  checkPath(listOf(value), path)
}

const PATH = /^[^\n]*[^\s]\.(pem|crt|cer|key|crl|der)$/

/** Refuses one short line with the extension of a file: the caller probably meant fileCredentials. */
function checkPath (items: readonly unknown[], path: string): void {
  const file = items.find((item) => typeof item === 'string' && item.length < 4096 && PATH.test(item))
  if (file === undefined) return
  throw wrong(path, `the path ${JSON.stringify(file)}`, 'PEM (fileCredentials reads files)')
}

function isText (value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

function pathOf (part: string, at: string | undefined): string {
  return at === undefined ? part : `${at}.${part}`
}
