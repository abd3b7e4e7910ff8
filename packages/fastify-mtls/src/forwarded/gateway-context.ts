import { ListWatch, readBlockOption } from '@peerkit/credentials'
import { joinApp } from '@peerkit/events'
import type { HandshakeReason } from '@peerkit/events'
import { AUTHORITIES } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import { Trust } from '../handshake/trust.ts'
import { logChanges, logTolerated } from '../log/app-log.ts'
import { checkTrust } from '../plugin-options.ts'
import type { FastifyMtlsOptions } from '../plugin-options.ts'

/** What is needed to check a gateway's clients. A server of `withMtls` provides it, or the option `trust`. */
export interface GatewayContext {
  readonly trust: Trust
  /** How long requests wait for an answer about revocation, in milliseconds. */
  readonly revocationTimeout: number
  /** Why the connection of a request must not be served, as known now. Undefined if the server is not of `withMtls`. */
  readonly checkConnection?: (raw: object) => HandshakeReason | undefined | Promise<HandshakeReason | undefined>
  /** Called when the trust changed. */
  readonly onReview: Set<() => void>
}

/** Milliseconds to wait for an answer about revocation on a server that `withMtls` did not make. */
export const REVOCATION_TIMEOUT = 5_000

/**
 * Makes the context of an app whose server `withMtls` did not make, of the option `trust`. It is released when the app
 * closes.
 *
 * @returns undefined without the option `trust`: only the gateway decides then
 * @throws ServerOptionError
 * @throws CredentialsOptionError if `block` is wrong
 */
export function openGatewayContext (app: FastifyInstance, options: FastifyMtlsOptions): GatewayContext | undefined {
  const source = checkTrust(options)
  if (source === undefined) return undefined
  const { revocation, block } = options
  const trust = new Trust(source, {
    revocation,
    algorithms: undefined,
    block: block === undefined ? undefined : readBlockOption(block, 'block'),
    now: Date.now,
    onLearned: () => {}
  })
  const onReview = new Set<() => void>()
  const review = (): void => {
    watch.follow()
    for (const each of onReview) each()
  }
  const watch = new ListWatch(source, 'clients', { revocation, block }, review)
  const unsubscribe = source.subscribe(({ type }) => { if (type === 'rotated') review() })
  watch.start()
  const leave = joinApp(app.server, source, revocation)
  logChanges(app, source, block)
  logTolerated(app, trust)
  // The rules of fastify-allowed-clients are checked against them.
  Object.defineProperty(app.server, AUTHORITIES, { value: () => trust.ruleAuthorities, configurable: true })
  app.addHook('onClose', async () => {
    unsubscribe()
    watch.stop()
    leave()
  })
  return { trust, revocationTimeout: REVOCATION_TIMEOUT, onReview }
}
