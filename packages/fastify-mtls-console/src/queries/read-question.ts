import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import { refuseWhatIf } from '../errors.ts'

/** The largest body in bytes, with the encoding of the form. */
export const MAX_QUESTION: number = 64 * 1024
const MAX_CERTIFICATES = 10
const MAX_FILTER = 300

/** Detects private keys: PKCS#8, PKCS#1, SEC 1, OpenSSH and PuTTY. */
const PRIVATE_KEY = /PRIVATE[\s_-]*KEY|PuTTY-User-Key-File/i

/** The pasted text, or why it is refused. `request.body` is only this, so that no log can get a key from it. */
export type Question = {
  readonly certificate: string
  readonly filter: string
} | { readonly error: Error }

/** Parses the body of a form or a JSON request. Errors never have text of the body. */
export function readBody (text: string, isJson: boolean): Question {
  // Before anything is parsed. Spaces may be encoded as "+" or "%20".
  if (PRIVATE_KEY.test(text) || PRIVATE_KEY.test(decodeForm(text))) {
    return {
      error: refuseWhatIf(
        'private_key',
        'it has a private key, which was not read or stored. If others may have seen the key, replace it'
      )
    }
  }
  const fields = isJson ? readJson(text) : new URLSearchParams(text)
  const [certificate, ...others] = fields.getAll('certificate')
  if (certificate === undefined || others.length > 0) {
    return { error: refuseWhatIf('malformed', 'expected one "certificate", as a form field or in JSON') }
  }
  return PRIVATE_KEY.test(certificate)
    ? { error: refuseWhatIf('private_key', 'it has a private key, which was not read or stored') }
    : { certificate, filter: (fields.get('q') ?? '').trim().slice(0, MAX_FILTER) }
}

function decodeForm (text: string): string {
  return [...new URLSearchParams(text)].flat().join('\n')
}

/** The strings of a JSON object, as form fields. */
function readJson (text: string): URLSearchParams {
  const fields = new URLSearchParams()
  try {
    const body: unknown = JSON.parse(text)
    for (const [name, value] of Object.entries(typeof body === 'object' && body !== null ? body : {})) {
      if (typeof value === 'string') fields.append(name, value)
    }
  } catch {
    // The message of the error has a part of the text, so it is not used.
  }
  return fields
}

/**
 * The leaf and the other pasted certificates.
 *
 * @param tolerate the flaws that an authority tolerates. Whether that of the certificate does, the handshake decides
 * @throws MTLS_ERR_CONSOLE_WHAT_IF
 */
export function readCertificates (
  question: Question, tolerate: readonly CertificateFlaw[] = []
): { readonly leaf: PeerIdentity, readonly sent: readonly PeerIdentity[], readonly filter: string } {
  if ('error' in question) throw question.error
  const blocks = decodeBlocks(question.certificate)
  if (blocks.length > MAX_CERTIFICATES) {
    throw refuseWhatIf('too_many', `found ${blocks.length} certificates; expected at most ${MAX_CERTIFICATES}`)
  }
  const read = blocks.map((der, index) => readBlock(der, index, tolerate))
  const [leaf, ...sent] = read as [PeerIdentity, ...PeerIdentity[]]
  return { leaf, sent, filter: question.filter }
}

function decodeBlocks (text: string): Uint8Array[] {
  try {
    return decodePem(text)
  } catch (error) {
    const { reason } = error as { reason?: string }
    throw reason === 'no_block'
      ? refuseWhatIf('no_certificate', 'expected text that begins with -----BEGIN CERTIFICATE-----')
      : refuseWhatIf('unreadable', `the PEM text is damaged (${reason ?? 'unknown'})`)
  }
}

function readBlock (der: Uint8Array, index: number, tolerate: readonly CertificateFlaw[]): PeerIdentity {
  try {
    return parsePeerIdentity(der, { tolerate })
  } catch (error) {
    const { reason, offset } = error as { reason?: string, offset?: number }
    throw refuseWhatIf(
      'unreadable',
      `certificate ${index + 1} is not valid (${reason ?? 'unknown'} at byte ${offset ?? 0})`
    )
  }
}
