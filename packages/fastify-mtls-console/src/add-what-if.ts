import type { CertificateFlaw } from '@peerkit/identity'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SendPage } from './add-routes.ts'
import { refuseWhatIf } from './errors.ts'
import type { WhatIfError } from './errors.ts'
import type { ConsoleState } from './queries/console-state.ts'
import { MAX_QUESTION, readBody, readCertificates } from './queries/read-question.ts'
import type { Question } from './queries/read-question.ts'
import { askWhatIf } from './queries/what-if.ts'
import { whatIfPage } from './page/views/what-if.ts'
import { isForeign } from './same-origin.ts'
import { secureHeaders } from './secure-headers.ts'

/** Adds the only route with a body, a form or JSON. It changes nothing, and nothing of the body is logged. */
export function addWhatIf (app: FastifyInstance, state: ConsoleState, sendPage: SendPage): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    for (const [type, isJson] of [['application/x-www-form-urlencoded', false], ['application/json', true]] as const) {
      scope.addContentTypeParser(type, { parseAs: 'string', bodyLimit: MAX_QUESTION }, (_request, text, done) => {
        done(null, readBody(String(text), isJson))
      })
    }
    scope.setErrorHandler<FastifyError>((error, request, reply) => {
      return answerError(error, request, reply, sendPage, app.prefix)
    })
    const onRequest = async (request: FastifyRequest): Promise<void> => {
      if (isForeign(request)) throw refuseWhatIf('foreign_origin', 'the request comes from a page of another site')
    }
    scope.post('/what-if', { bodyLimit: MAX_QUESTION, onRequest }, async (request, reply) => {
      const question = request.body ?? { error: refuseWhatIf('malformed', 'the request has no body') }
      const { leaf, sent, filter } = readCertificates(question as Question, toleratedBy(state))
      const answer = await askWhatIf(state, leaf, sent, filter)
      if (!wantsJson(request)) return sendPage(reply, whatIfPage(app.prefix, { answer, now: state.now() }, filter))
      secureHeaders(reply)
      return { v: 1, time: state.now(), ...answer }
    })
  })
}

/** The flaws that an authority in force tolerates. */
function toleratedBy ({ credentials }: ConsoleState): readonly CertificateFlaw[] {
  return credentials.current.authorities.flatMap(({ tolerate }) => tolerate)
}

/** A browser accepts HTML, a script does not say so. */
function wantsJson ({ headers }: FastifyRequest): boolean {
  return !String(headers.accept ?? '').includes('text/html')
}

/** Answers errors of this route and of its body parsers as a page or as JSON. Other errors go to the app. */
function answerError (
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  sendPage: SendPage,
  prefix: string
): unknown {
  const known = toRefusal(error)
  if (known === undefined) throw error
  reply.code(known.statusCode)
  if (!wantsJson(request)) return sendPage(reply, whatIfPage(prefix, { error: known.message }, ''))
  secureHeaders(reply)
  return {
    statusCode: known.statusCode,
    code: known.code,
    reason: known.reason,
    error: 'Bad Request',
    message: known.message
  }
}

function toRefusal (error: FastifyError): WhatIfError | undefined {
  if (error.code === 'MTLS_ERR_CONSOLE_WHAT_IF') return error as unknown as WhatIfError
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return refuseWhatIf('too_large', `expected at most ${MAX_QUESTION} bytes`)
  }
  return error.code?.startsWith('FST_ERR_CTP_') ? refuseWhatIf('malformed', 'expected a form or JSON') : undefined
}
