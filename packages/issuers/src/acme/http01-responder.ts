import type { IncomingMessage, ServerResponse } from 'node:http'
import { IssuerOptionError } from '../errors.ts'
import { defineOptions, valueOf } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { loadAccountKey } from './account-key.ts'
import type { AcmeAccountOptions } from './account.ts'
import { checkAccount } from './account-options.ts'
import type { ChallengeHook, Http01Answer } from './challenges.ts'
import type { AccountSigner } from './jws.ts'

const FOLDER = '/.well-known/acme-challenge/'
/** What a token may be (RFC 8555 section 8). It is sent back, so nothing else is. */
const TOKEN = /^[\w-]{16,256}$/
const HEADERS = {
  'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store'
}

/** Options of `http01Responder`. */
export interface Http01ResponderOptions {
  /**
   * The account of `acmeIssuer`, of which the key is used. With it every token is answered, also one of another
   * instance with this account: the answer needs the token and the key only. Default: none, and tokens of the issuers
   * of this process are answered.
   */
  readonly account?: AcmeAccountOptions | undefined
}

/** What the route needs of a request of Fastify. */
interface RouteRequest { readonly raw: IncomingMessage }

/** What the route needs of a reply of Fastify. */
interface RouteReply {
  code (status: number): unknown
  header (name: string, value: string): unknown
}

/** Answers the challenge http-01 on a plain port of the app. */
export interface Http01Responder extends ChallengeHook<Http01Answer> {
  /**
   * Answers a request of a CA.
   *
   * @returns whether the request was for a challenge. If not, nothing was sent
   */
  handle (request: IncomingMessage, response: ServerResponse): boolean
  /** For `app.route()` of a Fastify app that listens on a plain port. */
  readonly route: {
    readonly method: 'GET'
    readonly url: string
    handler (request: RouteRequest, reply: RouteReply): Promise<string>
  }
}

const OPTIONS: OptionSet = defineOptions<Http01ResponderOptions>('http01Responder', IssuerOptionError, {
  account: valueOf('an object with key or keyFile', (value) => typeof value === 'object' && value !== null)
})

/**
 * Makes a responder for the challenge http-01, for an app that listens on port 80 already, or for several instances
 * behind one name.
 *
 * @throws IssuerOptionError if an option is unknown or wrong
 * @example
 * ```ts
 * const http01 = http01Responder()
 * const app = Fastify()
 * app.route(http01.route)
 * const { statusCode } = await app.inject('/.well-known/acme-challenge/a-token-nobody-asked-for')
 * console.log(statusCode) // 404
 * ```
 */
export function http01Responder (options: Http01ResponderOptions = {}): Http01Responder {
  OPTIONS.check(options)
  const { account } = options
  if (account !== undefined) checkAccount(account, 'account')
  const answers = new Map<string, string>()
  let signer: Promise<AccountSigner> | undefined

  const find = async (token: string | undefined): Promise<string | undefined> => {
    if (token === undefined) return undefined
    const known = answers.get(token)
    if (known !== undefined || account === undefined) return known
    signer ??= loadAccountKey(account, 'account').catch((error: unknown) => {
      signer = undefined
      throw error
    })
    return `${token}.${(await signer).thumbprint}`
  }

  return Object.freeze({
    set ({ token, keyAuthorization }: Http01Answer) { answers.set(token, keyAuthorization) },
    remove ({ token }: Http01Answer) { answers.delete(token) },
    handle (request: IncomingMessage, response: ServerResponse) {
      if (!isChallenge(request)) return false
      find(tokenOf(request)).then((answer) => { send(response, answer) }, (error: Error) => {
        process.emitWarning(`http01Responder: ${error.message}`, { code: 'PEERKIT_CHALLENGE_FAILED' })
        response.writeHead(500).end()
      })
      return true
    },
    route: Object.freeze({
      method: 'GET' as const,
      url: `${FOLDER}*`,
      async handler ({ raw }: RouteRequest, reply: RouteReply) {
        const answer = await find(tokenOf(raw))
        for (const [name, value] of Object.entries(HEADERS)) reply.header(name, value)
        if (answer === undefined) reply.code(404)
        return answer ?? ''
      }
    })
  })
}

function isChallenge ({ url = '', method }: IncomingMessage): boolean {
  return url.startsWith(FOLDER) && (method === 'GET' || method === 'HEAD')
}

function tokenOf ({ url = '' }: IncomingMessage): string | undefined {
  const token = url.slice(FOLDER.length)
  return TOKEN.test(token) ? token : undefined
}

function send (response: ServerResponse, answer: string | undefined): void {
  response.writeHead(answer === undefined ? 404 : 200, HEADERS).end(answer)
}
