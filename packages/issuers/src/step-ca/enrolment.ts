import { createHash } from 'node:crypto'
import type { IssueQuestion } from '@peerkit/credentials'
import { iso } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { explainEnrolment, isRefusal } from './explain-refusal.ts'
import type { StepCaIssuerOptions, StepCaTokenQuestion } from './options.ts'
import type { SignedChain, StepCaApi } from './step-ca-api.ts'
import { makeX5cToken } from './x5c-token.ts'

interface Surroundings {
  readonly api: StepCaApi
  readonly base: URL
  readonly name: string
  readonly now: () => number
}

interface Roots { readonly roots: readonly string[] }

/** Gets a certificate with a token. */
export class Enrolment {
  readonly #options: StepCaIssuerOptions
  readonly #around: Surroundings

  constructor (options: StepCaIssuerOptions, around: Surroundings) {
    this.#options = options
    this.#around = around
  }

  async run (
    { privateKey, signal, roots }: Pick<IssueQuestion, 'privateKey' | 'signal'> & Roots
  ): Promise<SignedChain> {
    const { api, base, now } = this.#around
    const { lifetime } = this.#options
    const names = withAlternativeName(this.#options.names)
    const { pem, der } = await createCertificateRequest(privateKey, names)
    const sans = listSans(names)
    const ott = await this.#getToken({
      subject: names.cn ?? sans[0] as string,
      sans,
      audience: new URL('/1.0/sign', base).href,
      fingerprint: createHash('sha256').update(der).digest('base64url'),
      signal
    })
    const body = { csr: pem, ott, ...(lifetime !== undefined && { notAfter: iso(now() + lifetime) }) }
    const secrets = [ott]
    try {
      return await api.sign(body, { roots, secrets, signal })
    } catch (error) {
      throw isRefusal(error) ? await this.#explain(error, { ott, roots, signal }) : error
    }
  }

  async #getToken (question: StepCaTokenQuestion): Promise<string> {
    const { name, now } = this.#around
    const { x5c, token } = this.#options.enrol
    if (x5c !== undefined) return await makeX5cToken(x5c, { ...question, now: now(), name })
    const found: unknown = await token?.(question)
    // As `step ca token` writes it into a file: with a line break at its end.
    const text = typeof found === 'string' ? found.trim() : ''
    // The value may be a secret.
    if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return text
    const shown = typeof found === 'string' ? `a string of ${found.length} characters` : typeof found
    throw new IssuerError('refused', `${name}: enrol.token() gave ${shown}; expected a token (JWT)`)
  }

  async #explain (
    error: IssuerError, { ott, roots, signal }: Pick<IssueQuestion, 'signal'> & Roots & { readonly ott: string }
  ): Promise<IssuerError> {
    const { enrol: { x5c }, lifetime } = this.#options
    try {
      const provisioners = await this.#around.api.listProvisioners({ roots, signal, secrets: [ott] })
      const { issuer, ended } = readToken(ott, this.#around.now())
      const provisioner = x5c?.provisioner ?? issuer
      return explainEnrolment(error, { provisioner, type: x5c && 'X5C', lifetime, ended }, provisioners)
    } catch {
      // What was refused is the news.
      return error
    }
  }
}

/** What a token says of itself, unverified: for an error. */
interface TokenClaims {
  readonly issuer: string | undefined
  /** When it ended. Undefined: it has not, or does not say. */
  readonly ended: string | undefined
}

function readToken (token: string, now: number): TokenClaims {
  const { iss, exp } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
  const isOver = typeof exp === 'number' && Math.abs(exp) < 1e10 && exp * 1000 < now
  return { issuer: typeof iss === 'string' ? iss : undefined, ended: isOver ? iso(exp * 1000) : undefined }
}

/** step-ca makes an alternative name of the subject where a token has none, and expects it in the request. */
function withAlternativeName (names: RequestedNames): RequestedNames {
  return listSans(names).length > 0 ? names : { ...names, dns: [names.cn as string] }
}

function listSans ({ dns = [], ip = [], uri = [], email = [] }: RequestedNames): readonly string[] {
  return [...dns, ...ip, ...uri, ...email]
}
