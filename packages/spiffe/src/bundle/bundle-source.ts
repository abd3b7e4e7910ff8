import type { Clock } from '@peerkit/credentials'
import { methods } from '@peerkit/identity/internal'
import type { OptionType } from '@peerkit/identity/internal'
import { SpiffeOptionError } from '../errors.ts'
import type { TrustDomainBundle } from '../source/read-update.ts'
import type { BundleDocument } from './format.ts'

/** What a source knows about the bundle of one trust domain. */
export interface HeldBundle {
  /** The last good one. Undefined: there was none yet. */
  readonly document: BundleDocument | undefined
  /** When it was last got or confirmed, in milliseconds since the epoch. 0: never. */
  readonly refreshedAt: number
  /** When it is asked for next, in milliseconds since the epoch. Undefined: a change is noticed by itself. */
  readonly nextRefresh: number | undefined
  /** Why the last attempt failed. */
  readonly problem: Error | undefined
}

/** Who uses a source of bundles. */
export interface BundleUser {
  readonly clock: Clock
  /** Returns numbers from 0 up to 1, for jitter. */
  readonly random: () => number
  /** The bundle in use for a trust domain, to verify the server of a bundle endpoint. */
  find (trustDomain: string): TrustDomainBundle | undefined
  /**
   * Says which trust domains the source gives from now on.
   *
   * @throws SpiffeInvalidError if another source gives one of them
   */
  claim (source: BundleSource, trustDomains: Iterable<string>): void
  /** Something in `list()` changed. */
  changed (): void
  warn (message: string): void
}

/**
 * A source of trust bundles: `spiffeBundle`, `spiffeBundleFile` or `spiffeBundleMap`. It belongs to one
 * `spiffeCredentials` or `spiffeTrust`, which starts and closes it.
 */
export interface BundleSource {
  /** Where the bundles come from: a URL or the path of a file. */
  readonly origin: string
  /** The trust domain that it is for. Undefined: those of a map. */
  readonly trustDomain: string | undefined
  /** Other trust domains whose bundles it needs, to verify a server. */
  readonly needs: readonly string[]
  /** Makes the first attempt. @throws SpiffeInvalidError if the source can never work */
  start (user: BundleUser): Promise<void>
  /** What it gives at this moment, by trust domain. */
  list (): ReadonlyMap<string, HeldBundle>
  close (): Promise<void>
}

/** The option `bundles`: its items. */
export const BUNDLE_SOURCE: OptionType =
  methods(['start', 'list', 'close'], 'a source of bundles such as spiffeBundle() returns')

const used = new WeakSet<BundleSource>()

/** @throws SpiffeOptionError if somebody uses the source already */
export function takeOver (source: BundleSource, where: string): void {
  if (used.has(source)) {
    throw new SpiffeOptionError(`${where} (${source.origin}) is in use already; expected a source of its own`)
  }
  used.add(source)
}
