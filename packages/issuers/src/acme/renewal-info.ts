import type { CredentialSnapshot, IssuedMaterial } from '@peerkit/credentials'
import { withTimeout } from '@peerkit/identity/internal'
import { certificateIdOf } from './certificate-id.ts'
import type { CertificateId } from './certificate-id.ts'
import type { AcmeSession } from './acme-session.ts'

/** How often a CA is asked that does not say, and the bounds of what it may say, in milliseconds (RFC 9773, 4.3.2). */
const POLL = 6 * 3_600_000
const SHORTEST_POLL = 60_000
const LONGEST_POLL = 24 * 3_600_000
/** Milliseconds for an answer. A CA that is slow to say when to renew must not cost a certificate that it issued. */
const PATIENCE = 3_000
/** A share of the lifetime after which it is too late to try again. `renewingCredentials` uses the same one. */
const LATEST = 0.9
/** Certificates whose plans are kept. A source has one at a time, and an issuer may have a few sources. */
const MOST_PLANS = 100

/** When a CA wants a certificate to be renewed. Milliseconds since the epoch. */
interface Window { readonly start: number, readonly end: number }

interface Plan {
  readonly window: Window
  /** When to renew: a random moment of the window. */
  readonly dueAt: number
  /** When to ask next whether the window has moved. */
  readonly callAt: number
}

/**
 * Asks a CA when it wants a certificate to be renewed (RFC 9773), and remembers the moment that was drawn. The source
 * calls the issuer when it is time to ask again; a certificate that is not due is returned as it is.
 */
export class RenewalPlans {
  readonly #now: () => number
  readonly #random: () => number
  readonly #plans = new Map<string, Plan>()

  constructor ({ now, random }: { readonly now: () => number, readonly random: () => number }) {
    this.#now = now
    this.#random = random
  }

  /** When the source has to call again. Undefined: at a time of its own, since the CA does not say. */
  async schedule (session: AcmeSession, chain: string): Promise<number | undefined> {
    const certificate = certificateIdOf(chain)
    if (certificate === undefined) return undefined
    const plan = await inTime(async (signal) => await this.#ask(certificate, session, signal)).catch(() => undefined)
    return plan?.callAt
  }

  /**
   * Returns the certificate in use while the CA does not want it to be renewed.
   *
   * @returns undefined if it has to be renewed
   */
  async keep (
    previous: CredentialSnapshot | undefined, open: () => Promise<AcmeSession>
  ): Promise<IssuedMaterial | undefined> {
    if (previous === undefined || previous.withdrawn === true) return undefined
    const certificate = certificateIdOf(previous.cert)
    if (certificate === undefined) return undefined
    const known = this.#plans.get(certificate.id)
    // Before its time the source calls because somebody called `refresh()`.
    if (known !== undefined && this.#now() < known.callAt) return undefined
    const plan = await this.#askOrPostpone(certificate, known, open)
    if (plan === undefined || this.#now() >= plan.dueAt) return undefined
    return { cert: previous.cert, key: previous.key, renewAt: plan.callAt }
  }

  /** A CA that does not answer is asked later: the certificate is not due yet. */
  async #askOrPostpone (
    certificate: CertificateId, known: Plan | undefined, open: () => Promise<AcmeSession>
  ): Promise<Plan | undefined> {
    try {
      return await inTime(async (signal) => await this.#ask(certificate, await open(), signal))
    } catch {
      if (known === undefined) return undefined
      return this.#remember(certificate, known.window, known.dueAt, POLL)
    }
  }

  /** @returns undefined if the CA has no renewal information. @throws IssuerError, or the reason of the signal */
  async #ask (
    certificate: CertificateId, session: AcmeSession, signal: AbortSignal
  ): Promise<Plan | undefined> {
    const { renewalInfo } = session.directory
    if (renewalInfo === undefined) return undefined
    const url = new URL(`${renewalInfo.href.replace(/\/$/, '')}/${certificate.id}`)
    const answer = await session.get(url, AbortSignal.any([session.signal, signal]))
    const window = readWindow(answer.json()['suggestedWindow'])
    if (window === undefined) return undefined
    const known = this.#plans.get(certificate.id)
    const isSame = known?.window.start === window.start && known.window.end === window.end
    const { notBefore, notAfter } = certificate
    const drawn = window.start + this.#random() * (window.end - window.start)
    const dueAt = isSame ? known.dueAt : Math.floor(Math.min(drawn, notBefore + (notAfter - notBefore) * LATEST))
    return this.#remember(certificate, window, dueAt, answer.retryAfter ?? POLL)
  }

  #remember ({ id }: CertificateId, window: Window, dueAt: number, wait: number): Plan {
    const pollAt = this.#now() + Math.min(Math.max(wait, SHORTEST_POLL), LONGEST_POLL)
    const plan = { window, dueAt, callAt: Math.max(0, Math.floor(Math.min(dueAt, pollAt))) }
    this.#plans.delete(id)
    this.#plans.set(id, plan)
    for (const oldest of this.#plans.keys()) {
      if (this.#plans.size <= MOST_PLANS) break
      this.#plans.delete(oldest)
    }
    return plan
  }
}

async function inTime (ask: (signal: AbortSignal) => Promise<Plan | undefined>): Promise<Plan | undefined> {
  return await withTimeout(ask, { timeout: PATIENCE, onTimeout: () => { throw new Error('no answer in time') } })
}

/** RFC 9773 section 4.2: a window that ends before it starts is none. */
function readWindow (found: unknown): Window | undefined {
  const { start, end } = (found ?? {}) as { start?: unknown, end?: unknown }
  if (typeof start !== 'string' || typeof end !== 'string') return undefined
  const window = { start: Date.parse(start), end: Date.parse(end) }
  return window.end > window.start ? window : undefined
}
