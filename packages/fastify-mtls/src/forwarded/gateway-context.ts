import { ListWatch, readBlockOption } from '@peerkit/credentials'
import type { BlockOption, TrustSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { Trust } from '../handshake/trust.ts'

/** What is needed to check a gateway's clients. A server of `withMtls` provides it, or the option `trust`. */
export interface GatewayContext {
  readonly trust: Trust
  /** How long requests wait for an answer about revocation, in milliseconds. */
  readonly revocationTimeout: number
  /** Called when the trust changed. */
  readonly onReview: Set<() => void>
}

/** Milliseconds to wait for an answer about revocation on a server that `withMtls` did not make. */
export const REVOCATION_TIMEOUT = 5_000

/**
 * Makes the context of a server behind a gateway that `withMtls` did not make.
 *
 * @returns the context, with `close` to release it
 * @throws CredentialsOptionError if `block` is wrong
 */
export function makeGatewayContext (
  source: TrustSource,
  lists: { readonly revocation: RevocationChecker | undefined, readonly block: BlockOption | undefined }
): GatewayContext & { close (): void } {
  const { revocation, block } = lists
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
  return {
    trust,
    revocationTimeout: REVOCATION_TIMEOUT,
    onReview,
    close () {
      unsubscribe()
      watch.stop()
    }
  }
}
