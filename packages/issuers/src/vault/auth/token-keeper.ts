import type { Clock } from '@peerkit/credentials'
import { messageOf, WakeAt, withTimeout } from '@peerkit/identity/internal'
import { IssuerError } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'
import type { VaultAuth } from './auth-options.ts'
import { makeLogin, readSeconds, readToken } from './login.ts'
import type { Login, Token } from './login.ts'
import { readSecret } from './secret-source.ts'
import type { SecretSource } from './secret-source.ts'
import type { Secrets } from './secrets.ts'

/** A call of the service must not wait longer for a login that another call has started. */
const LOGIN_TIMEOUT = 30_000
/** A token is not used in its last moments: the call could arrive too late. */
const MARGIN = 10_000
/** A shorter rest is not worth another try to renew. */
const LEAST_REST = 1_000

/** Gives the token for a call. */
export interface TokenKeeper {
  /** @returns undefined if none is needed. @throws IssuerError, or the reason of the signal */
  get (signal: AbortSignal): Promise<string | undefined>
  /** A token was refused (403). @returns whether it is worth asking for another one */
  refuse (token: string | undefined): boolean
  close (): void
}

export interface TokenContext {
  readonly api: VaultApi
  readonly secrets: Secrets
  readonly clock: Clock
  /** Tells of a token that could not be renewed. */
  readonly warn: (text: string) => void
}

/** Makes the keeper for the option `auth`. */
export function keepToken (auth: VaultAuth, context: TokenContext): TokenKeeper {
  if (auth === 'proxy') return { get: async () => undefined, refuse: () => false, close () {} }
  if (!('token' in auth)) return new KeptToken(makeLogin(auth, context.api, context.secrets), true, context)
  const { token } = auth
  return typeof token === 'string'
    ? new KeptToken(lookUp(token, context), false, context)
    : new WrittenToken(token, context.secrets)
}

/** A token that somebody else writes and renews: it is read for each call. */
class WrittenToken implements TokenKeeper {
  readonly #source: SecretSource
  readonly #secrets: Secrets

  constructor (source: SecretSource, secrets: Secrets) {
    this.#source = source
    this.#secrets = secrets
  }

  async get (signal: AbortSignal): Promise<string> {
    return this.#secrets.add(await readSecret(this.#source, 'auth.token', signal))
  }

  /** Its writer may have replaced it since it was read. */
  refuse (): boolean { return true }

  close (): void {}
}

/** A token that we renew. One login and one renewal run at a time. */
class KeptToken implements TokenKeeper {
  readonly #login: Login
  readonly #canLogIn: boolean
  readonly #context: TokenContext
  readonly #closing = new AbortController()
  readonly #renewal: WakeAt
  #token: Token | undefined
  /** Milliseconds since the epoch; Infinity for a token that does not end. */
  #endsAt = Infinity
  #loggingIn: Promise<Token> | undefined

  /** @param canLogIn false for a token that was given: nothing replaces it */
  constructor (login: Login, canLogIn: boolean, context: TokenContext) {
    const { clock } = context
    this.#login = login
    this.#canLogIn = canLogIn
    this.#context = context
    this.#renewal = new WakeAt(() => { this.#renew().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
  }

  async get (signal: AbortSignal): Promise<string> {
    if (this.#closing.signal.aborted) throw new IssuerError('denied', 'the issuer is closed')
    const { clock } = this.#context
    const held = this.#token
    const margin = held?.lifetime === undefined ? 0 : Math.min(MARGIN, held.lifetime / 10)
    if (held !== undefined && clock.now() < this.#endsAt - margin) return held.value
    this.#loggingIn ??= this.#logIn().finally(() => { this.#loggingIn = undefined })
    // Who waits may give up. The login goes on for the others.
    return (await withTimeout(this.#loggingIn, { signal })).value
  }

  refuse (token: string | undefined): boolean {
    // Another call may have logged in meanwhile.
    if (this.#token?.value === token) this.#forget()
    return this.#canLogIn
  }

  close (): void {
    this.#closing.abort(new IssuerError('denied', 'the issuer is closed'))
    this.#forget()
  }

  async #logIn (): Promise<Token> {
    const { clock, api } = this.#context
    const startedAt = clock.now()
    const token = await withTimeout(this.#login, {
      timeout: LOGIN_TIMEOUT,
      signal: this.#closing.signal,
      schedule: (task, delay) => clock.schedule(task, delay),
      onTimeout: () => { throw new IssuerError('unreachable', `${api.name}: no login within ${LOGIN_TIMEOUT} ms`) }
    })
    if (!this.#closing.signal.aborted) this.#take(token, startedAt)
    return token
  }

  /** @param since when it was asked for, so that a slow answer does not make it last longer */
  #take (token: Token, since: number): void {
    this.#token = token
    this.#endsAt = since + (token.lifetime ?? Infinity)
    if (!token.renewable || token.lifetime === undefined) return
    // Up to a tenth earlier, so that instances that started together do not renew together.
    this.#renewal.set(since + token.lifetime * (2 / 3 - Math.random() / 10))
  }

  #forget (): void {
    this.#token = undefined
    this.#endsAt = Infinity
    this.#renewal.clear()
  }

  async #renew (): Promise<void> {
    const { clock, api, secrets, warn } = this.#context
    const held = this.#token
    if (held === undefined) return
    const [startedAt, endedAt] = [clock.now(), this.#endsAt]
    try {
      const path = 'auth/token/renew-self'
      const { auth } = await api.call({ path, body: {}, token: held.value, signal: this.#closing.signal })
      const renewed = readToken(auth, secrets, `${api.name}: POST ${path}`)
      if (this.#token !== held) return
      this.#take(renewed, startedAt)
      // The rest of its longest lifetime (token_max_ttl) is not renewed again and again.
      if (this.#endsAt <= endedAt + LEAST_REST) this.#renewal.clear()
    } catch (error) {
      if (this.#closing.signal.aborted || this.#token !== held) return
      this.#retry(error as Error, endedAt)
      if (!this.#canLogIn) warn(`the token was not renewed, and ends at ${iso(endedAt)}: ${messageOf(error)}`)
    }
  }

  #retry (error: Error, endsAt: number): void {
    const isRefused = error instanceof IssuerError && (error.reason === 'denied' || error.reason === 'refused')
    if (isRefused && this.#canLogIn) {
      this.#forget()
      return
    }
    const now = this.#context.clock.now()
    const rest = endsAt - now
    const { retryAfter = 0 } = error as { retryAfter?: number | undefined }
    if (!isRefused && rest / 3 > LEAST_REST) this.#renewal.set(now + Math.max(rest / 3, retryAfter))
  }
}

/** A token that was given is looked up once, for how long it is valid. A policy may deny that. */
function lookUp (value: string, { api, secrets }: TokenContext): Login {
  return async (signal) => {
    const token = secrets.add(await readSecret(value, 'auth.token', signal))
    try {
      const { data } = await api.call({ path: 'auth/token/lookup-self', token, signal })
      return { value: token, lifetime: readSeconds(data['ttl']), renewable: data['renewable'] === true }
    } catch (error) {
      if (!(error instanceof IssuerError) || error.reason !== 'denied') throw error
      return { value: token, lifetime: undefined, renewable: false }
    }
  }
}

function iso (time: number): string { return time === Infinity ? 'no known time' : new Date(time).toISOString() }
