import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CredentialSource } from '@peerkit/credentials'
import { dial } from './dial.ts'
import type { Port } from './x509-port.ts'

/** An answer (contract section 4.1): each HTTP status has one `status` in the body. */
interface Answer { readonly code: number, readonly body: Readonly<Record<string, string>> }

const LONGEST_BODY = 64 * 1024
const ADDRESS = /^[0-9a-zA-Z.:[\]-]+:\d{1,5}$/

/** The control port (contract section 4). */
export async function openControlPort (credentials: CredentialSource): Promise<Port> {
  const server = createServer((request, response) => {
    answer(request, credentials).catch((error: Error) => error500(error.message)).then(({ code, body }) => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    }
  }
}

async function answer (request: IncomingMessage, credentials: CredentialSource): Promise<Answer> {
  const body = await readBody(request)
  const route = `${request.method ?? ''} ${request.url ?? ''}`
  switch (route) {
    case 'POST /v1/x509/dial':
      return await answerDial(body, credentials)
    case 'POST /v1/jwt/validate':
    case 'POST /v1/jwt/fetch':
      return unsupported('Peerkit is about X.509-SVIDs; it has no JWT-SVIDs')
    case 'GET /v1/info':
      return { code: 200, body: { status: 'ok', sdk: '@peerkit/spiffe', sdk_version: version(), language: 'typescript' } }
    default:
      return unsupported(`there is no ${route.slice(0, 200)}`)
  }
}

async function answerDial (body: string, credentials: CredentialSource): Promise<Answer> {
  const { address } = JSON.parse(body)
  if (typeof address !== 'string' || !ADDRESS.test(address)) {
    return error500('address is not an address; expected for example 127.0.0.1:34567')
  }
  const dialed = await dial(address, credentials)
  if (dialed.verdict === 'accepted') return { code: 200, body: { status: 'ok', spiffe_id: dialed.spiffeId } }
  if (dialed.verdict === 'failed') return error500(dialed.message)
  return { code: 422, body: { status: 'rejected', message: dialed.message } }
}

function error500 (message: string): Answer { return { code: 500, body: { status: 'error', message } } }

function unsupported (message: string): Answer { return { code: 501, body: { status: 'unsupported', message } } }

async function readBody (request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk
    if (body.length > LONGEST_BODY) throw new Error(`the body has more than ${LONGEST_BODY} characters`)
  }
  return body
}

function version (): string {
  return JSON.parse(readFileSync(new URL(import.meta.resolve('@peerkit/spiffe/package.json')), 'utf8')).version
}
