import type { PeerIdentity } from '@peerkit/identity'

/** What is known of certificates that exist. */
export interface Truth {
  /**
   * Base64 of the exact bytes of each certificate that was issued to a client; undefined where the gateway alone
   * decides, and whatever it writes is so.
   */
  readonly issued: ReadonlySet<string> | undefined
  /** The exact values of verdicts that a gateway writes for a verified certificate, by header name in lower case. */
  readonly verdicts: ReadonlyMap<string, string>
}

/**
 * Why an accepted identity is wrong; undefined where it is right. With a certificate, its bytes must be those of one
 * that was issued. Without, each thing that is known must stand in the headers, letter by letter.
 */
export function findWrong (
  identity: PeerIdentity, headers: readonly string[], { issued, verdicts }: Truth
): string | undefined {
  for (const [name, value] of verdicts) {
    const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
    if (at === -1 || headers[at + 1] !== value) return `accepted without ${name}: ${value}`
  }
  if (identity.raw !== undefined) return findWrongBytes(Buffer.from(identity.raw).toString('base64'), headers, issued)
  const text = headers.join('\n')
  const told = [identity.spiffeId, ...identity.subjectAltNames?.dns ??
    [], ...identity.subjectAltNames?.uri ?? []].filter((name) => name !== undefined)
  const missing = told.find((name) => !text.includes(name)) ??
    (text.toLowerCase().includes(identity.fingerprint256 ?? '') ? undefined : identity.fingerprint256)
  if (missing !== undefined) return `nobody told of ${missing}`
  if (identity.spiffeId !== undefined && /[,;"\\% ]/.test(identity.spiffeId)) return 'no SPIFFE ID has such characters'
  return identity.subject !== undefined && !/subject="/i.test(text) ? 'nobody told of a subject' : undefined
}

function findWrongBytes (
  base64: string, headers: readonly string[], issued: ReadonlySet<string> | undefined
): string | undefined {
  if (issued !== undefined) return issued.has(base64) ? undefined : 'nobody was issued this certificate'
  const text = headers.join('\n')
    .replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\s/g, '')
  return text.includes(base64) ? undefined : 'no header has these bytes'
}
