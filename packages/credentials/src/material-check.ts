import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { checkAuthorities } from './authority/list-authorities.ts'
import { TRUST_PARTS, listOf } from './material.ts'
import type { CredentialMaterial } from './material.ts'

const PARTS = ['cert', 'key', 'ca', 'crl', 'crlIssuers', 'intermediates'] as const
const LISTS: readonly string[] = ['cert', 'ca', 'crl', 'crlIssuers', 'intermediates']

/** Each part must be text or bytes, a list of them where there may be several. Says what type was found, never what it was. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkMaterialTypes (material: Partial<CredentialMaterial>, what: string): void {
  for (const part of PARTS) {
    const value: unknown = material[part]
    if (Array.isArray(value) && !LISTS.includes(part)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} ${part} is a list; expected one PEM text`)
    checkPem(value, part, what)
  }
  if (material.authorities !== undefined) {
    for (const name of checkAuthorities(material)) {
      for (const part of TRUST_PARTS) checkPem(material.authorities[name]?.[part], `authorities.${name}.${part}`, what)
    }
  }
  const { pfx, passphrase } = material
  if (pfx !== undefined && !(pfx instanceof Uint8Array)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} pfx is ${nameType(pfx)}; expected PKCS#12 as a Buffer`)
  if (passphrase !== undefined && !isText(passphrase)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} passphrase is ${nameType(passphrase)}; expected a string or Buffer`)
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION where there is neither `ca` nor `authorities` */
export function checkTrustGiven ({ ca, authorities }: Partial<Pick<CredentialMaterial, 'ca' | 'authorities'>>, what: string): void {
  if (ca === undefined && authorities === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} needs the option "ca" (or "authorities"); found neither`)
}

function checkPem (value: unknown, part: string, what: string): void {
  for (const item of listOf(value)) {
    if (!isText(item)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} ${part} is ${nameType(item)}; expected PEM as a string or Buffer`)
  }
  checkPath(listOf(value), part, what)
}

/** A short text of one line without PEM in it, but with a file's ending: somebody took this for fileCredentials. */
function checkPath (items: readonly unknown[], part: string, what: string): void {
  const path = items.find((item) => typeof item === 'string' && item.length < 4096 && /^[^\n]*[^\s]\.(pem|crt|cer|key|crl|der)$/.test(item))
  if (path !== undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} ${part} is the path ${JSON.stringify(path)}; expected PEM (fileCredentials reads files)`)
}

function isText (value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

function nameType (value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`
}
