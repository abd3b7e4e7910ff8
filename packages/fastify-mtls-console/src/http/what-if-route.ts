import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'
import { askWhatIf } from '../access/what-if.ts'
import type { ConsoleState } from '../console-state.ts'
import { ConsoleWhatIfError } from '../errors.ts'
import { whatIfPage } from '../page/views/what-if.ts'
import { secureHeaders, wantsHtml } from './routes.ts'
import type { SendPage } from './routes.ts'

const PATH = '/what-if'

/** The largest body in bytes, with the encoding of the form. */
const MAX_QUESTION = 64 * 1024
const MAX_CERTIFICATES = 10
const MAX_FILTER = 300

/** Detects private keys: PKCS#8, PKCS#1, SEC 1, OpenSSH and PuTTY. */
const PRIVATE_KEY = /PRIVATE[\s_-]*KEY|PuTTY-User-Key-File/i

/** Adds the only route with a body, a form or JSON. It changes nothing, and nothing of the body is logged. */
export function addWhatIf (app: FastifyInstance, state: ConsoleState, sendPage: SendPage): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    for (const [type, isJson] of [['application/x-www-form-urlencoded', false], ['application/json', true]] as const) {
      scope.addContentTypeParser(type, { parseAs: 'string', bodyLimit: MAX_QUESTION }, (_request, text, done) => {
        done(null, readBody(String(text), isJson))
      })
    }
    // Answers errors of this route and of its body parsers as a page or as JSON. Other errors go to the app.
    scope.setErrorHandler<FastifyError>((error, request, reply) => {
      const refusal = toRefusal(error)
      if (refusal === undefined) throw error
      const { statusCode, code, reason, message } = refusal
      reply.code(statusCode)
      if (wantsHtml(request)) return sendPage(reply, PATH, whatIfPage(state, '', { error: message }))
      secureHeaders(reply)
      return { statusCode, code, reason, error: 'Bad Request', message }
    })
    const onRequest = async (request: FastifyRequest): Promise<void> => {
      if (!isForeign(request)) return
      throw new ConsoleWhatIfError('foreign_origin', 'the request comes from a page of another site')
    }
    scope.post(PATH, { bodyLimit: MAX_QUESTION, onRequest }, async (request, reply) => {
      const question = request.body ?? { error: new ConsoleWhatIfError('malformed', 'the request has no body') }
      const { leaf, sent, filter } = readCertificates(question as Question, toleratedBy(state))
      const answer = await askWhatIf(state, leaf, sent, filter)
      if (wantsHtml(request)) return sendPage(reply, PATH, whatIfPage(state, filter, { answer }))
      secureHeaders(reply)
      return { v: 1, time: state.now(), ...answer }
    })
  })
}

/** The flaws that an authority in force tolerates. */
function toleratedBy ({ credentials }: ConsoleState): readonly CertificateFlaw[] {
  return credentials.current.authorities.flatMap(({ tolerate }) => tolerate)
}

function toRefusal (error: FastifyError | ConsoleWhatIfError): ConsoleWhatIfError | undefined {
  if (error instanceof ConsoleWhatIfError) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ConsoleWhatIfError('too_large', `expected at most ${MAX_QUESTION} bytes`)
  }
  if (!error.code?.startsWith('FST_ERR_CTP_')) return undefined
  return new ConsoleWhatIfError('malformed', 'expected a form or JSON')
}

/**
 * Whether a request may come from a page of another site. Browsers send Sec-Fetch-Site, older ones Origin. Scripts of
 * operators send neither. No request changes anything; this check stops other sites from using the operator's browser.
 */
function isForeign ({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (site !== undefined) return site !== 'same-origin'
  return origin !== undefined && origin !== `https://${host}`
}

/** The pasted text, or why it is refused. `request.body` is only this, so that no log can get a key from it. */
type Question = {
  readonly certificate: string
  readonly filter: string
} | { readonly error: Error }

/** Parses the body of a form or a JSON request. Errors never have text of the body. */
function readBody (text: string, isJson: boolean): Question {
  // Before anything is parsed. Spaces may be encoded as "+" or "%20".
  if (PRIVATE_KEY.test(text) || PRIVATE_KEY.test(decodeForm(text))) {
    return {
      error: new ConsoleWhatIfError(
        'private_key',
        'it has a private key, which was not read or stored. If others may have seen the key, replace it'
      )
    }
  }
  const fields = isJson ? readJson(text) : new URLSearchParams(text)
  const [certificate, ...others] = fields.getAll('certificate')
  if (certificate === undefined || others.length > 0) {
    return { error: new ConsoleWhatIfError('malformed', 'expected one "certificate", as a form field or in JSON') }
  }
  return PRIVATE_KEY.test(certificate)
    ? { error: new ConsoleWhatIfError('private_key', 'it has a private key, which was not read or stored') }
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
 * @throws ConsoleWhatIfError
 */
function readCertificates (
  question: Question, tolerate: readonly CertificateFlaw[]
): { readonly leaf: PeerIdentity, readonly sent: readonly PeerIdentity[], readonly filter: string } {
  if ('error' in question) throw question.error
  const blocks = decodeBlocks(question.certificate)
  const count = blocks.length
  if (count > MAX_CERTIFICATES) {
    throw new ConsoleWhatIfError('too_many', `found ${count} certificates; expected at most ${MAX_CERTIFICATES}`)
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
      ? new ConsoleWhatIfError('no_certificate', 'expected text that begins with -----BEGIN CERTIFICATE-----')
      : new ConsoleWhatIfError('unreadable', `the PEM text is damaged (${reason ?? 'unknown'})`)
  }
}

function readBlock (der: Uint8Array, index: number, tolerate: readonly CertificateFlaw[]): PeerIdentity {
  try {
    return parsePeerIdentity(der, { tolerate })
  } catch (error) {
    const { reason, offset } = error as { reason?: string, offset?: number }
    throw new ConsoleWhatIfError(
      'unreadable',
      `certificate ${index + 1} is not valid (${reason ?? 'unknown'} at byte ${offset ?? 0})`
    )
  }
}
