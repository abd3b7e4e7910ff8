import { clip, describeValue, listWords, withTimeout } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import { checkCertifiedNames } from '../request/certified-names.ts'
import { AcmeProblemError } from './acme-session.ts'
import type { AcmeAnswer, AcmeSession } from './acme-session.ts'
import { proveNames } from './authorizations.ts'
import type { Proving } from './authorizations.ts'
import { namesOf } from './identifiers.ts'
import { pause, poll, waitAfter } from './poll.ts'
import { readProblem } from './problem.ts'

/** What is ordered, and how its names are proved. */
export interface OrderRequest extends Proving {
  /** Default: the profile that the CA chooses. */
  readonly profile: string | undefined
  /** The identifier (RFC 9773) of the certificate that is replaced. */
  readonly replaces: string | undefined
  /** The certificate request, DER. */
  readonly csr: Uint8Array
}

interface Order {
  readonly url: URL
  readonly status: unknown
  readonly finalize: URL
  readonly authorizations: readonly URL[]
  readonly answer: AcmeAnswer
}

/** How often a step is tried after which the CA may have issued: a broken connection must not cost the certificate. */
const TRIES = 3
/** A server that asks for more than this, in milliseconds, is asked again by the next call. */
const LONGEST_PATIENCE = 5_000
/** How long the removal of proofs may hold up a certificate, in milliseconds. */
const REMOVAL = 2_000

/**
 * Orders a certificate: proves the names, has it issued and fetches it.
 *
 * @returns PEM, the certificate first
 * @throws IssuerError, or the reason of the signal
 */
export async function orderCertificate (request: OrderRequest): Promise<string> {
  const order = await placeOrder(request)
  const { removed } = await proveNames(order.status === 'pending' ? order.authorizations : [], request)
  const certificate = await finalize(order, request)
  const chain = await patiently(request.session, async () => await fetchChain(certificate, request))
  // Not the common name: many CAs of ACME leave it out.
  checkCertifiedNames(chain, namesOf(request.identifiers), { what: request.session.name })
  await withTimeout(removed, { timeout: REMOVAL, onTimeout: () => {} })
  return chain
}

/** @throws IssuerError */
async function placeOrder (request: OrderRequest): Promise<Order> {
  const { session, profile, replaces } = request
  const { profiles = [] } = session.directory
  if (profile !== undefined && !profiles.includes(profile)) {
    const offered = listWords(profiles.map((one) => JSON.stringify(clip(one, 40))), 'or')
    throw new IssuerError('refused', `${session.name}: the option profile is ${JSON.stringify(profile)}; expected ` +
      `${offered === '' ? 'none: this CA has no profiles' : offered}`)
  }
  const order = await sendOrder(request, replaces).catch(async (error: unknown) => {
    // Another instance may have replaced it, or a crash came between the order and its answer (RFC 9773 section 5).
    if (replaces === undefined || !isRefusal(error)) throw error
    return await sendOrder(request, undefined)
  })
  if (order.status === 'pending' || order.status === 'ready') return order
  throw failureOf(order, session, 'expected "pending" or "ready"')
}

function isRefusal (error: unknown): boolean {
  return error instanceof AcmeProblemError && error.reason !== 'rate_limited' && (error.status ?? 500) < 500
}

async function sendOrder (request: OrderRequest, replaces: string | undefined): Promise<Order> {
  const { session, kid, identifiers, profile } = request
  const answer = await session.post(session.directory.newOrder, {
    identifiers, ...(profile !== undefined && { profile }), ...(replaces !== undefined && { replaces })
  }, kid)
  const url = session.locate(answer.headers['location'], 'the URL of the order')
  return readOrder(url, answer, request)
}

function readOrder (url: URL, answer: AcmeAnswer, { session, identifiers }: OrderRequest): Order {
  const { status, finalize, authorizations } = answer.json()
  const urls = Array.isArray(authorizations) ? authorizations : []
  if (urls.length > identifiers.length) {
    throw new IssuerError('answer', `${session.name}: the order has ${urls.length} authorizations; expected at most ` +
      `${identifiers.length}, one for each name`)
  }
  return {
    url,
    status,
    finalize: session.locate(finalize, 'the URL finalize'),
    authorizations: urls.map((one) => session.locate(one, 'the URL of an authorization')),
    answer
  }
}

/** @returns the URL of the certificate. @throws IssuerError */
async function finalize (placed: Order, request: OrderRequest): Promise<URL> {
  const { session, kid, csr } = request
  const look = async (): Promise<Order> => {
    return readOrder(placed.url, await session.post(placed.url, undefined, kid), request)
  }
  const ready = placed.status === 'ready' ? placed : await waitWhile(['pending'], look, session)
  if (ready.status !== 'ready') throw failureOf(ready, session, 'expected "ready"')
  const payload = { csr: Buffer.from(csr).toString('base64url') }
  const sent = await patiently(session, async (count) => {
    // If the answer was lost, the CA may be at work already.
    const known = count === 1 ? ready : await look()
    if (known.status !== 'ready') return known
    return readOrder(placed.url, await session.post(placed.finalize, payload, kid), request)
  })
  const patientLook = async (): Promise<Order> => await patiently(session, look)
  const done = sent.status === 'processing' ? await waitWhile(['processing'], patientLook, session, sent) : sent
  if (done.status !== 'valid') throw failureOf(done, session, 'expected "valid"')
  return session.locate(done.answer.json()['certificate'], 'the URL of the certificate')
}

/** Looks until the order has another status. */
async function waitWhile (
  states: readonly unknown[], look: () => Promise<Order>, session: AcmeSession, first?: Order
): Promise<Order> {
  let known = first
  return await poll(async () => {
    const order = known ?? await look()
    known = undefined
    const isOver = !states.includes(order.status)
    return { value: isOver ? order : undefined, retryAfter: order.answer.retryAfter }
  }, { what: `${session.name}: the order`, signal: session.signal })
}

/** Tries again what failed on the way, a few times. @param task gets the number of the try, from 1 */
async function patiently<Value> (session: AcmeSession, task: (count: number) => Promise<Value>): Promise<Value> {
  for (let count = 1; ; count += 1) {
    try {
      return await task(count)
    } catch (error) {
      if (!(error instanceof IssuerError) || !['unreachable', 'unavailable'].includes(error.reason)) throw error
      const wait = error.retryAfter ?? waitAfter(count)
      if (count === TRIES || wait > LONGEST_PATIENCE) throw error
      await pause(wait, session.signal)
    }
  }
}

async function fetchChain (url: URL, { session, kid }: OrderRequest): Promise<string> {
  const { text } = await session.post(url, undefined, kid)
  const labels = [...text.matchAll(/^-----BEGIN ([^\r\n]{0,40})-----/gm)].map(([, label = '']) => label)
  if (labels.length > 0 && labels.every((label) => label === 'CERTIFICATE')) return text
  const kinds = listWords(labels.slice(0, 5).map((label) => JSON.stringify(label)))
  const found = labels.length === 0 ? describeValue(text) : `PEM of ${kinds}`
  throw new IssuerError('answer', `${session.name}: the certificate is ${found}; expected PEM of certificates only`)
}

function failureOf ({ status, answer }: Order, { name }: AcmeSession, expected: string): IssuerError {
  const problem = readProblem(answer.json()['error'])
  if (problem === undefined) {
    return new IssuerError('answer', `${name}: the order is ${describeValue(status)}; ${expected}`)
  }
  const reason = problem.type === 'rateLimited' ? 'rate_limited' : 'refused'
  return new IssuerError(reason, `${name}: the order failed: ${problem.text}`)
}
