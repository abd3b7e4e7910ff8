import type { CertificateIssuer, CredentialSnapshot, IssuedMaterial } from '@peerkit/credentials'
import {
  clip, describeValue, defineOptions, func, methods, required, secret, url, valueOf
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import type { Dispatcher } from 'undici'
import { IssuerError, IssuerOptionError } from '../errors.ts'
import { IssuerClient } from '../http/issuer-client.ts'
import type { IssuerAnswer } from '../http/issuer-client.ts'
import { checkCertifiedNames } from '../request/certified-names.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import { idOf } from '../request/id-of.ts'
import { checkNames } from '../request/requested-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { HiddenTexts } from './hidden-texts.ts'

const MAX_SHOWN = 300

/** What `request` gets. */
export interface CustomQuestion {
  /** The certificate request, PEM. */
  readonly csr: string
  /** The same in DER. */
  readonly csrDer: Uint8Array
  readonly names: RequestedNames
  /** Aborted when the time of the call is over, or the source is closed. */
  readonly signal: AbortSignal
  /** The snapshot in use; undefined at the first call. */
  readonly previous: CredentialSnapshot | undefined
}

/** What is sent. */
export interface CustomRequest {
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | undefined
  /** Default: `content-type: application/json` for a body that is an object. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** An object is sent as JSON. Default: none. */
  readonly body?: string | Uint8Array | object | undefined
  /** Added to the option `url`: `/certificates/7`. Default: none. */
  readonly path?: string | undefined
}

/** What came back. */
export interface CustomAnswer {
  readonly status: number
  readonly headers: IssuerAnswer['headers']
  readonly text: string
  readonly octets: Uint8Array
  /** The answer as JSON. @throws if it is none */
  json (): any
  /** Makes another call, for an API that needs several. Its answer is as this one. */
  next (request: CustomRequest): Promise<CustomAnswer>
}

/** What `read` returns: the certificate with its intermediates, PEM, and optionally the CAs to trust. */
export type CustomMaterial = Pick<IssuedMaterial, 'cert' | 'ca' | 'crl' | 'renewAt'>

/** Options of `customIssuer`. */
export interface CustomIssuerOptions {
  /** Where the API is: `https://ca.example/v1/sign`. `http:` for addresses of this machine only. */
  readonly url: string
  /** The names to ask for. */
  readonly names: RequestedNames
  /** Returns what to send. */
  readonly request: (question: CustomQuestion) => CustomRequest | Promise<CustomRequest>
  /** Reads the certificate from the answer. */
  readonly read: (answer: CustomAnswer) => CustomMaterial | Promise<CustomMaterial>
  /** Sends the calls: an `MtlsAgent`, or another dispatcher of undici. Default: that of undici, with public CAs. */
  readonly agent?: Dispatcher | undefined
  /**
   * Texts that no error may show, such as a password in a body. Headers such as `authorization` are hidden without it.
   * Default: none.
   */
  readonly secrets?: readonly string[] | undefined
}

const OPTIONS: OptionSet = defineOptions<CustomIssuerOptions>('customIssuer', IssuerOptionError, {
  url: required(url('https://ca.example/sign; http: for addresses of this machine only', isSafe)),
  names: required(valueOf('names such as { cn: "ledger" }', () => true)),
  request: required(func()),
  read: required(func()),
  agent: methods(['dispatch']),
  secrets: { ...secret('a list of texts', Array.isArray), item: secret('a string that is not empty', isText) }
})

/**
 * Makes an issuer around an HTTP API. It makes the certificate request, sends what `request` returns, bounds the size
 * and the time of the answer, and turns HTTP errors into errors of this package, with the time of `Retry-After`.
 *
 * @throws IssuerOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issuer = customIssuer({
 *   url: 'https://ca.example/v1/sign',
 *   names: { cn: 'ledger', dns: ['ledger.example'] },
 *   request: ({ csr }) => ({ headers: { authorization: 'Bearer …' }, body: { csr } }),
 *   read: (answer) => ({ cert: answer.json().certificate_chain })
 * })
 * console.log(typeof issuer.issue) // function
 * ```
 */
export function customIssuer (options: CustomIssuerOptions): CertificateIssuer {
  OPTIONS.check(options)
  checkNames(options.names, 'names')
  const { names, request, read, agent, secrets = [] } = options
  const base = new URL(options.url)
  const name = `the issuer at ${base.host}`
  const trusted = agent === undefined
    ? 'a public CA, or an agent in the option agent that trusts another one'
    : 'a CA that the option agent trusts'
  // Another URL or other names make another certificate.
  const id = idOf(base.href, names)
  return {
    name,
    id,
    async issue ({ privateKey, signal, previous }) {
      const { pem, der } = await createCertificateRequest(privateKey, names)
      const hidden = new HiddenTexts(secrets)
      const client = new IssuerClient({ name, dispatcher: agent, trusted, secrets: () => hidden.list() })
      const send = async ({ method = 'POST', headers = {}, body, path = '' }: CustomRequest): Promise<CustomAnswer> => {
        hidden.addHeaders(headers)
        const target = new URL(base.href + path)
        const answer = await client.call({ url: target, method, signal, ...encodeBody(body, headers) })
        return answerOf(answer, { name, hidden, next: send })
      }
      try {
        const first = await send(await request({ csr: pem, csrDer: der, names, signal, previous }))
        const material = checkMaterial(await read(first), name)
        checkCertifiedNames(material.cert, names, { what: name })
        return material
      } catch (error) {
        throw hidden.hideIn(error, name)
      }
    }
  }
}

function encodeBody (
  body: CustomRequest['body'], headers: Readonly<Record<string, string>>
): { body: string | Uint8Array | undefined, headers: Readonly<Record<string, string>> } {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return { body, headers }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
}

interface AnswerContext extends Pick<CustomAnswer, 'next'> {
  readonly name: string
  readonly hidden: HiddenTexts
}

function answerOf ({ status, headers, body }: IssuerAnswer, { name, hidden, next }: AnswerContext): CustomAnswer {
  const text = body.toString()
  return {
    status,
    headers,
    text,
    octets: body,
    next,
    json () {
      try {
        return JSON.parse(text)
      } catch {
        // The error of JSON.parse quotes the text.
        const shown = JSON.stringify(clip(hidden.hide(text), MAX_SHOWN))
        throw new IssuerError('answer', `${name} answered ${shown}; expected JSON`)
      }
    }
  }
}

type CheckedMaterial = CustomMaterial & { readonly cert: string | Uint8Array }

/** @throws IssuerError */
function checkMaterial (material: unknown, name: string): CheckedMaterial {
  const { cert } = (material ?? {}) as { cert?: unknown }
  if ((typeof cert === 'string' && cert !== '') || cert instanceof Uint8Array) return material as CheckedMaterial
  throw new IssuerError('answer', `${name}: read() gave the certificate ${describeValue(cert)}; expected PEM`)
}

function isSafe ({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(hostname))
}

function isText (value: unknown): boolean { return typeof value === 'string' && value !== '' }
