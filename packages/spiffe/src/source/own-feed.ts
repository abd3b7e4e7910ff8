import type { SpiffeInvalidError } from '../errors.ts'
import type { TrustDomainBundle } from './read-update.ts'

/** Our X.509-SVID, and what came with it. */
export interface OwnUpdate {
  /** The leaf, then its intermediates, PEM. */
  readonly cert: string
  readonly key: string
  readonly trustDomain: string
  /** Bundles by trust domain, or why one cannot be used. From the Workload API alone. */
  readonly bundles: ReadonlyMap<string, TrustDomainBundle | SpiffeInvalidError>
  readonly crls: readonly Uint8Array[]
}

/** Who gets our X.509-SVID. */
export interface OwnListener {
  /** There is a new one. It is read when the one before it was used; each replaces all before it. */
  onUpdate (read: () => OwnUpdate | Promise<OwnUpdate>): void
  /** None can be had. @param cause what is the same in two errors of one cause */
  onFailure (error: Error, cause?: string): void
  /** It was taken back: it must not be presented any more, until there is a new one. */
  onWithdrawn (): void
}

/** Where our X.509-SVID comes from. */
export interface OwnFeed {
  readonly kind: 'workload api' | 'files'
  /** The socket or the path. */
  readonly origin: string
  /** Starts it. @throws SpiffeInvalidError if it can never work */
  open (listener: OwnListener): void | Promise<void>
  close (): void | Promise<void>
}
