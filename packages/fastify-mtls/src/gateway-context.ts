import { ListWatch, readBlockOption } from '@peerkit/credentials'
import type { BlockOption, TrustSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { Trust } from './trust.ts'

/** What knowing a gateway's clients rests on: of a server under the gate, or of a trust alone. */
export interface GatewayContext {
  readonly trust: Trust
  /** How long requests wait for an answer about revocation, in milliseconds. */
  readonly revocationTimeout: number
  /** Called when the trust moved. */
  readonly onReview: Set<() => void>
}

/** How long a server that mtlsServerOptions did not make waits for an answer, in milliseconds; others are told. */
export const REVOCATION_TIMEOUT = 5_000

/**
 * The context of a server that mtlsServerOptions did not make, behind a gateway.
 *
 * @returns also `close`, which ends it
 * @throws MTLS_ERR_CREDENTIALS_OPTION where `block` is none
 */
export function makeGatewayContext (source: TrustSource, lists: { readonly revocation: RevocationChecker | undefined, readonly block: BlockOption | undefined }): GatewayContext & { close (): void } {
  const { revocation, block } = lists
  const trust = new Trust(source, {
    revocation, algorithms: undefined, block: block === undefined ? undefined : readBlockOption(block, 'block'), now: Date.now, onLearned: () => {}
  })
  const onReview = new Set<() => void>()
  const review = (): void => {
    watch.follow()
    for (const each of onReview) each()
  }
  const watch = new ListWatch(source, 'clients', { revocation, block }, review)
  const end = source.subscribe(({ type }) => { if (type === 'rotated') review() })
  watch.start()
  return {
    trust,
    revocationTimeout: REVOCATION_TIMEOUT,
    onReview,
    close () {
      end()
      watch.stop()
    }
  }
}
