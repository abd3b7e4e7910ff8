import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrls } from '@peerkit/revocation'
import { shownRows } from '../shown.ts'
import { describeMoment, describePeriod } from '../time-left.ts'
import { readCrl } from './read-crl.ts'
import type { CrlContent, CrlEntry } from './read-crl.ts'

/** The result of `inspect` for one object that is no certificate. */
export interface Described {
  readonly title: string
  /** For `--json`. */
  readonly data: object
  readonly text: string
}

/** What the refusal of a CRL says about its signature; `none` if it is not refused. */
const SIGNATURES: Readonly<Record<string, string>> = {
  none: 'valid', signature: 'not_valid', issuer_unknown: 'issuer_unknown'
}
const SIGNATURE_TEXTS: Readonly<Record<string, string>> = {
  valid: 'valid, by --ca',
  not_valid: 'not valid for the CA of this name in --ca',
  issuer_unknown: 'not checked: its CA is not in --ca',
  not_checked: 'not checked'
}

/** What a CRL says, and whether the plugins accept it. With CAs the signature is checked too. */
export async function describeCrl (der: Uint8Array, anchors: readonly Uint8Array[], trust: string): Promise<Described> {
  const content = readCrl(der)
  const refusal = await findRefusal(der, anchors)
  const refused = refusal?.message
  const signature = anchors.length === 0 ? 'not_checked' : SIGNATURES[refusal?.reason ?? 'none'] ?? 'not_checked'
  const data = {
    ...content,
    thisUpdate: describeMoment(content.thisUpdate),
    nextUpdate: content.nextUpdate === undefined ? undefined : describeMoment(content.nextUpdate),
    entries: content.entries.map((entry) => ({ ...entry, revokedAt: describeMoment(entry.revokedAt) })),
    signature,
    refused
  }
  return { title: 'CRL', data, text: describeAsText(content, refused, signature, trust) }
}

/** Why `@peerkit/revocation` refuses it. */
async function findRefusal (
  der: Uint8Array, anchors: readonly Uint8Array[]
): Promise<{ readonly reason?: string, readonly message: string } | undefined> {
  try {
    await loadCrls(der, anchors.length === 0 ? {} : { issuers: anchors.map((anchor) => parsePeerIdentity(anchor)) })
    return undefined
  } catch (error) {
    return error as Error
  }
}

function describeAsText (
  content: CrlContent, refused: string | undefined, signature: string, trust: string
): string {
  const { issuer, thisUpdate, nextUpdate, number, baseNumber, authorityKeyId, signatureAlgorithm, size } = content
  const left = size - content.entries.length
  return shownRows([
    ['issuer', issuer],
    ['thisUpdate', describeMoment(thisUpdate)],
    ['nextUpdate', nextUpdate === undefined
      ? 'none: it would never expire'
      : `${describeMoment(nextUpdate)}: ${describePeriod(thisUpdate, nextUpdate, Date.now())}`],
    ['number', number],
    ['delta CRL of', baseNumber === undefined ? undefined : `number ${baseNumber}`],
    ['key identifier', authorityKeyId ?? 'none'],
    ['algorithm', signatureAlgorithm],
    ['signature', SIGNATURE_TEXTS[signature]?.replace('--ca', trust)],
    ['refused', refused],
    ['revoked', size === 0 ? 'none' : content.entries.map(describeEntry)],
    ['', left === 0 ? undefined : `and ${left} more, ${size} in all`]
  ])
}

function describeEntry ({ serialNumber, revokedAt, reason }: CrlEntry): string {
  return `${serialNumber}  ${describeMoment(revokedAt)}${reason === undefined ? '' : `  ${reason}`}`
}
