import { createHash } from 'node:crypto'
import type { CertificateIssuer, CredentialSnapshot, IssueQuestion } from '@peerkit/credentials'
import { count, defineOptions, duration, iso, text } from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { IssuerError, IssuerOptionError } from '../errors.ts'
import { createCertificateRequest } from '../request/certificate-request.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { explainEnrolment, explainRenewal } from './explain-refusal.ts'
import { checkStepCaOptions } from './options.ts'
import type { StepCaIssuerOptions, StepCaTokenQuestion } from './options.ts'
import { pinRoots } from './root-certificates.ts'
import { StepCaApi } from './step-ca-api.ts'
import type { SignedChain } from './step-ca-api.ts'
import { makeX5cToken } from './x5c-token.ts'

/** How a certificate is revoked. */
export interface StepCaRevokeOptions {
  /** Code of RFC 5280 section 5.3.1, from 0 to 10. Default 5: the service has ended (cessationOfOperation). */
  readonly reasonCode?: number | undefined
  /** Words for the records of step-ca. Default: none. */
  readonly reason?: string | undefined
  /** Milliseconds for the call. Default 5,000. */
  readonly timeout?: number | undefined
}

/** An issuer that is a step-ca. */
export interface StepCaIssuer extends CertificateIssuer {
  /**
   * Revokes a certificate that step-ca has issued, such as `credentials.current` at a shutdown. The certificate itself
   * authenticates the call.
   *
   * @throws IssuerError if step-ca does not say that it is revoked
   */
  revoke (snapshot: Pick<CredentialSnapshot, 'cert' | 'key' | 'identity'>, options?: StepCaRevokeOptions): Promise<void>
}

const REVOKE: OptionSet = defineOptions<StepCaRevokeOptions>('revoke', IssuerOptionError, {
  reasonCode: count({ most: 10 }), reason: text('words'), timeout: duration()
})

/**
 * Makes an issuer that gets certificates from step-ca. The first one is got with a certificate of another CA (X5C) or
 * with a one-time token, the next ones by mutual TLS with the one in use.
 *
 * @throws IssuerOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const issuer = stepCaIssuer({
 *   url: 'https://ca.example:9000',
 *   root: '/etc/step/root_ca.crt',
 *   names: { cn: 'ledger', dns: ['ledger.example'] },
 *   enrol: { token: () => process.env.STEP_TOKEN ?? '' }
 * })
 * console.log(typeof issuer.revoke) // function
 * ```
 */
export function stepCaIssuer (options: StepCaIssuerOptions): StepCaIssuer {
  checkStepCaOptions(options)
  const { clock: now = Date.now, renew = 'mtls', trust = 'pinned' } = options
  const base = new URL(options.url)
  const name = `step-ca ${base.origin}`
  const api = new StepCaApi(base, name, now)
  const pinned = pinRoots(options, base, name)
  const enrol = new Enrolment(options, { api, base, name, now })
  return {
    async issue ({ privateKey, signal, previous }) {
      const roots = await pinned(signal)
      const mayRenew = renew === 'mtls' && previous !== undefined && previous.notAfter > now()
      const { cert } = mayRenew
        ? await rekey(api, { privateKey, signal, previous, names: options.names, roots })
        : await enrol.run({ privateKey, signal, roots })
      return { cert, ca: [...await trustOf(api, trust, roots, signal)] }
    },
    async revoke ({ cert, key, identity }, revokeOptions = {}) {
      REVOKE.check(revokeOptions)
      const { reasonCode = 5, reason = '', timeout = 5_000 } = revokeOptions
      const signal = AbortSignal.timeout(timeout)
      const body = { serial: `0x${String(identity.serialNumber)}`, reasonCode, reason, passive: true }
      await api.revoke(body, { roots: await pinned(signal), own: { cert, key }, signal })
    }
  }
}

/** The CAs to trust with a certificate. Those of other CAs never authenticate step-ca. */
async function trustOf (
  api: StepCaApi, trust: StepCaIssuerOptions['trust'], roots: readonly string[], signal: AbortSignal
): Promise<readonly string[]> {
  if (trust === 'pinned') return roots
  const own = await api.listRoots('/roots', { roots, signal })
  const others = trust === 'federation' ? await api.listRoots('/federation', { roots, signal }) : []
  return [...new Set([...own, ...others])]
}

interface Renewal extends Pick<IssueQuestion, 'privateKey' | 'signal'> {
  readonly previous: CredentialSnapshot
  readonly names: RequestedNames
  readonly roots: readonly string[]
}

/** `/renew` would keep the key. step-ca takes nothing of the request but its key. */
async function rekey (api: StepCaApi, { privateKey, signal, previous, names, roots }: Renewal): Promise<SignedChain> {
  const { pem } = await createCertificateRequest(privateKey, names)
  try {
    return await api.rekey(pem, { roots, own: previous, signal })
  } catch (error) {
    throw isRefusal(error) ? explainRenewal(error) : error
  }
}

interface Surroundings {
  readonly api: StepCaApi
  readonly base: URL
  readonly name: string
  readonly now: () => number
}

/** Gets a certificate with a token. */
class Enrolment {
  readonly #options: StepCaIssuerOptions
  readonly #around: Surroundings

  constructor (options: StepCaIssuerOptions, around: Surroundings) {
    this.#options = options
    this.#around = around
  }

  async run (
    { privateKey, signal, roots }: Pick<Renewal, 'privateKey' | 'signal' | 'roots'>
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
    const found = await token?.(question)
    // The value may be a secret.
    if (typeof found === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(found)) return found
    const shown = typeof found === 'string' ? `a string of ${found.length} characters` : typeof found
    throw new IssuerError('refused', `${name}: enrol.token() gave ${shown}; expected a token (JWT)`)
  }

  async #explain (
    error: IssuerError, { ott, roots, signal }: Pick<Renewal, 'roots' | 'signal'> & { readonly ott: string }
  ): Promise<IssuerError> {
    const { enrol: { x5c }, lifetime } = this.#options
    try {
      const provisioners = await this.#around.api.listProvisioners({ roots, signal, secrets: [ott] })
      const provisioner = x5c?.provisioner ?? issuerOf(ott)
      return explainEnrolment(error, { provisioner, type: x5c && 'X5C', lifetime }, provisioners)
    } catch {
      // What was refused is the news.
      return error
    }
  }
}

/** Who made a token, unverified: for an error. */
function issuerOf (token: string): string | undefined {
  const { iss } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
  return typeof iss === 'string' ? iss : undefined
}

/** step-ca makes an alternative name of the subject where a token has none, and expects it in the request. */
function withAlternativeName (names: RequestedNames): RequestedNames {
  return listSans(names).length > 0 ? names : { ...names, dns: [names.cn as string] }
}

function listSans ({ dns = [], ip = [], uri = [], email = [] }: RequestedNames): readonly string[] {
  return [...dns, ...ip, ...uri, ...email]
}

function isRefusal (error: unknown): error is IssuerError {
  return error instanceof IssuerError && (error.reason === 'denied' || error.reason === 'refused')
}
