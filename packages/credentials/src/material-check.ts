import { describeSecret, wrongOption, wrongValue } from '@peerkit/identity/internal'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { checkAuthorities } from './authority/list-authorities.ts'
import { TRUST_PARTS, listOf } from './material.ts'
import type { CredentialMaterial } from './material.ts'

const PARTS = ['cert', 'key', 'ca', 'crl', 'crlIssuers', 'intermediates'] as const
const LISTS: readonly string[] = ['cert', 'ca', 'crl', 'crlIssuers', 'intermediates']

/**
 * Every option must be text or bytes, or a list of them. Errors name the type that was found, never the value.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION
 */
export function checkMaterialTypes (material: Partial<CredentialMaterial>, what: string): void {
  for (const part of PARTS) {
    const value: unknown = material[part]
    if (Array.isArray(value) && !LISTS.includes(part)) throw wrong(`${what} ${part}`, 'a list', 'one PEM text')
    checkPem(value, part, what)
  }
  if (material.authorities !== undefined) {
    for (const name of checkAuthorities(material)) {
      for (const part of TRUST_PARTS) checkPem(material.authorities[name]?.[part], `authorities.${name}.${part}`, what)
    }
  }
  const { pfx, passphrase } = material
  if (pfx !== undefined && !(pfx instanceof Uint8Array)) {
    throw wrong(`${what} pfx`, describeSecret(pfx), 'PKCS#12 as a Buffer')
  }
  if (passphrase !== undefined && !isText(passphrase)) {
    throw wrong(`${what} passphrase`, describeSecret(passphrase), 'a string or Buffer')
  }
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION if neither `ca` nor `authorities` is set */
export function checkTrustGiven (
  { ca, authorities }: Partial<Pick<CredentialMaterial, 'ca' | 'authorities'>>, what: string
): void {
  if (ca !== undefined || authorities !== undefined) return
  throw wrongValue(MTLS_ERR_CREDENTIALS_OPTION, 'ca', undefined, `CA certificates, or the option authorities, for ${what}`)
}

function wrong (option: string, found: string, expected: string): Error {
  return wrongOption(MTLS_ERR_CREDENTIALS_OPTION, option, found, expected)
}

function checkPem (value: unknown, part: string, what: string): void {
  for (const item of listOf(value)) {
    if (!isText(item)) throw wrong(`${what} ${part}`, describeSecret(item), 'PEM as a string or Buffer')
  }
  checkPath(listOf(value), part, what)
}

const PATH = /^[^\n]*[^\s]\.(pem|crt|cer|key|crl|der)$/

/** Refuses one short line with the extension of a file: the caller probably meant fileCredentials. */
function checkPath (items: readonly unknown[], part: string, what: string): void {
  const path = items.find((item) => typeof item === 'string' && item.length < 4096 && PATH.test(item))
  if (path === undefined) return
  throw wrong(`${what} ${part}`, `the path ${JSON.stringify(path)}`, 'PEM (fileCredentials reads files)')
}

function isText (value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}
