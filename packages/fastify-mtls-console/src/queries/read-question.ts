import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { refuseWhatIf } from '../errors.ts'

/** Octets of a question, the form's encoding included. */
export const MAX_QUESTION: number = 64 * 1024
const MAX_CERTIFICATES = 10
const MAX_FILTER = 300

/** What somebody takes for a certificate while it is the other half: PKCS#8, PKCS#1, SEC 1, OpenSSH and PuTTY keys. */
const PRIVATE_KEY = /PRIVATE[\s_-]*KEY|PuTTY-User-Key-File/i

/** What was pasted, or why it is not looked at. The body of the request holds no more than this: nobody's log gets a key from here. */
export type Question = { readonly certificate: string, /** Words that the routes must have. */ readonly filter: string } | { readonly error: Error }

/** The body of a form or of a JSON request. Its text is never repeated in an error. */
export function readBody (text: string, isJson: boolean): Question {
  // Before anything is parsed: of percent-encoded text, spaces may be "+" or "%20".
  if (PRIVATE_KEY.test(text) || PRIVATE_KEY.test(decodeForm(text))) return { error: refuseWhatIf('private_key', 'it holds a private key, which was neither read nor kept. Whoever saw it may use it: make a new one if it has left its place') }
  const fields = isJson ? readJson(text) : new URLSearchParams(text)
  const [certificate, ...others] = fields.getAll('certificate')
  if (certificate === undefined || others.length > 0) return { error: refuseWhatIf('malformed', 'expected one "certificate", as a form field or in JSON') }
  return PRIVATE_KEY.test(certificate) ? { error: refuseWhatIf('private_key', 'it holds a private key, which was neither read nor kept') } : { certificate, filter: (fields.get('q') ?? '').trim().slice(0, MAX_FILTER) }
}

function decodeForm (text: string): string {
  return [...new URLSearchParams(text)].flat().join('\n')
}

/** The texts of a JSON object, as a form has them. */
function readJson (text: string): URLSearchParams {
  const fields = new URLSearchParams()
  try {
    const body: unknown = JSON.parse(text)
    for (const [name, value] of Object.entries(typeof body === 'object' && body !== null ? body : {})) if (typeof value === 'string') fields.append(name, value)
  } catch {
    // Node's own message holds a piece of the text.
  }
  return fields
}

/** The leaf, and what else was pasted with it. @throws MTLS_ERR_CONSOLE_WHAT_IF */
export function readCertificates (question: Question): { readonly leaf: PeerIdentity, readonly sent: readonly PeerIdentity[], readonly filter: string } {
  if ('error' in question) throw question.error
  const blocks = decodeBlocks(question.certificate)
  if (blocks.length > MAX_CERTIFICATES) throw refuseWhatIf('too_many', `found ${blocks.length} certificates; expected at most ${MAX_CERTIFICATES}`)
  const [leaf, ...sent] = blocks.map(readBlock) as [PeerIdentity, ...PeerIdentity[]]
  return { leaf, sent, filter: question.filter }
}

function decodeBlocks (text: string): Uint8Array[] {
  try {
    return decodePem(text)
  } catch (error) {
    const { reason } = error as { reason?: string }
    throw reason === 'no_block' ? refuseWhatIf('no_certificate', 'expected text that begins with -----BEGIN CERTIFICATE-----') : refuseWhatIf('unreadable', `the PEM text is damaged (${reason ?? 'unknown'})`)
  }
}

function readBlock (der: Uint8Array, index: number): PeerIdentity {
  try {
    return parsePeerIdentity(der)
  } catch (error) {
    const { reason, offset } = error as { reason?: string, offset?: number }
    throw refuseWhatIf('unreadable', `certificate ${index + 1} is no valid certificate (${reason ?? 'unknown'} at octet ${offset ?? 0})`)
  }
}
