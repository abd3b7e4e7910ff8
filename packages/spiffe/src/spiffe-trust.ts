import type { Clock, TrustSource } from '@peerkit/credentials'
import { SYSTEM_CLOCK, holdProcessOpen } from '@peerkit/credentials/internal'
import { defineOptions, duration, func, list, methods, required } from '@peerkit/identity/internal'
import { BUNDLE_SOURCE } from './bundle/bundle-source.ts'
import type { BundleSource } from './bundle/bundle-source.ts'
import { SpiffeInvalidError, SpiffeOptionError, detailOf } from './errors.ts'
import { Assembly } from './source/assembly.ts'

/** Options of `spiffeTrust`. */
export interface SpiffeTrustOptions {
  /** Where the bundles come from: at least one source, each trust domain from one of them. */
  readonly bundles: readonly BundleSource[]
  /** How long to wait for the first bundle, in milliseconds. Default 30,000. */
  readonly waitFor?: number | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
  /** Returns random numbers from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

const OPTIONS = defineOptions<SpiffeTrustOptions>('spiffeTrust', SpiffeOptionError, {
  bundles: required(list('sources of bundles', BUNDLE_SOURCE, 1)),
  waitFor: duration(),
  clock: methods(['now', 'schedule']),
  random: func()
})

/**
 * A trust of SPIFFE bundles, without a certificate and key: for services behind a gateway that terminates TLS. There is
 * one authority for each trust domain, with its name, and it accepts X.509-SVIDs of that trust domain alone.
 *
 * A source that fails keeps its last good bundle in use. Subscribers get `refused` with the trust domain once for each
 * cause, and `recovered`. The source keeps no process alive.
 *
 * @param options where the bundles come from
 * @returns the source, once there is a bundle and each source has made its first attempt
 * @throws SpiffeOptionError if an option is missing, unknown or wrong
 * @throws SpiffeInvalidError if a file is wrong, or there is no bundle within `waitFor`
 * @example
 * ```ts
 * const trust = await spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: 'ca.pem' })] })
 * console.log(trust.status?.().bundles.map(({ authority }) => authority)) // [ 'prod.example' ]
 * await trust.close()
 * ```
 */
export async function spiffeTrust (options: SpiffeTrustOptions): Promise<TrustSource> {
  OPTIONS.check(options)
  const { bundles, waitFor = 30_000, clock = SYSTEM_CLOCK, random = Math.random } = options
  const assembly = new Assembly({
    own: undefined,
    bundles,
    accepts: () => false,
    check: { clock, revocationPolicy: 'soft' },
    clock,
    random,
    onTimeout: (cause) => {
      const why = cause === undefined ? 'no source has answered' : detailOf(cause)
      return new SpiffeInvalidError('empty', `no bundle within ${waitFor} ms; ${why}`, { cause })
    }
  })
  return await holdProcessOpen(async () => await assembly.start(waitFor))
}
