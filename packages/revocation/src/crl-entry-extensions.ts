import { DerSequence } from './der-sequence.ts'
import { TAG } from '@peerkit/identity/der'
import { EXTENSION, readExtensionList } from '@peerkit/identity/x509'
import { readNatural } from './der-values.ts'
import { crlInvalid } from './errors.ts'
import { findUnknownCritical } from './extensions.ts'
import { isReason } from './revocation-status.ts'

const HOLD_INSTRUCTION = '2.5.29.23'
const known: ReadonlySet<string> = new Set([EXTENSION.reasonCode, EXTENSION.invalidityDate, HOLD_INSTRUCTION])

// SEQUENCE { SEQUENCE { 2.5.29.21, OCTET STRING { ENUMERATED … } } }: nearly every entry with extensions has only
// this, so it has a fast path.
const onlyReason = [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01]

/** The CRLReason among the extensions `bytes[start, end)` of an entry (RFC 5280 section 5.3); 0 if there is none. */
export function readEntryExtensions (bytes: Uint8Array, start: number, end: number): number {
  if (end - start === onlyReason.length + 1 && onlyReason.every((octet, i) => bytes[start + i] === octet)) {
    return checkReason(bytes[end - 1]!)
  }
  const outer = new DerSequence(bytes, start, end)
  const extensions = readExtensionList(outer.open(TAG.sequence))
  outer.finish()
  if (extensions.has(EXTENSION.certificateIssuer)) {
    throw crlInvalid('indirect', 'an entry names another issuer (certificateIssuer)')
  }
  const unknown = findUnknownCritical(extensions, known)
  if (unknown !== undefined) {
    throw crlInvalid('critical_extension', `an entry has the critical extension ${unknown}, which is not supported`)
  }
  const reason = extensions.get(EXTENSION.reasonCode)
  if (reason === undefined) return 0
  const value = new DerSequence(reason.value, 0, reason.value.length)
  const code = readNatural(value, TAG.enumerated)
  value.finish()
  return checkReason(Number(code))
}

function checkReason (code: number): number {
  if (!isReason(code)) {
    throw crlInvalid('malformed', `an entry has the reason ${code}, which is not one of RFC 5280 section 5.3.1`)
  }
  return code
}
