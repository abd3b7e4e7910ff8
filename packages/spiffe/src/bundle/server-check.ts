import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Clock } from '@peerkit/credentials'
import { withoutQuery } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { createTrustEvaluator } from '@peerkit/trust'
import { BundleEndpointError } from '../errors.ts'
import type { TrustDomainBundle } from '../source/read-update.ts'
import { hostOf } from './fetch-bundle.ts'
import type { ServerCheck } from './fetch-bundle.ts'

/**
 * Authenticates a server by the Web PKI (profile `https_web`): OpenSSL verifies the chain, and the certificate must be
 * for the host of the URL.
 *
 * @param ca CA certificates, PEM; undefined: those of Node
 */
export function webPki (url: URL, ca: string | readonly string[] | undefined): ServerCheck {
  return {
    tls: ca === undefined ? {} : { ca: [ca].flat() },
    check ({ leaf }) {
      const host = hostOf(url)
      const certificate = new X509Certificate(leaf)
      const named = isIP(host) === 0
        ? certificate.checkHost(host, { subject: 'never', partialWildcards: false })
        : certificate.checkIP(host)
      if (named !== undefined) return
      const found = JSON.stringify((certificate.subjectAltName ?? '').slice(0, 300))
      const what = `${withoutQuery(url.href)} has a certificate for ${found}`
      throw new BundleEndpointError('server', `${what}; expected one for ${host}`)
    }
  }
}

/** What the server of an endpoint with the profile `https_spiffe` must be. */
export interface SpiffeServer {
  readonly url: URL
  readonly endpointSpiffeId: string
  /** The bundle in use for the trust domain of `endpointSpiffeId`. */
  readonly bundle: TrustDomainBundle
  readonly clock: Clock
}

/**
 * Authenticates a server by its X.509-SVID (profile `https_spiffe`): the bundle of its trust domain must accept it, and
 * it must have the SPIFFE ID. Host names do not matter. OpenSSL proves that the server has the key.
 */
export function spiffePki ({ url, endpointSpiffeId, bundle, clock }: SpiffeServer): ServerCheck {
  const { trustDomain, anchors, ca } = bundle
  const evaluator = createTrustEvaluator({
    authorities: () => [{
      name: trustDomain, ca: anchors, names: { spiffe: `spiffe://${trustDomain}` }, spiffeOnly: true, partial: true
    }],
    purpose: 'serverAuth',
    now: () => clock.now(),
    cacheSize: 0
  })
  return {
    tls: { ca: [...ca], allowPartialTrustChain: true },
    async check ({ leaf, sent }: SentChain) {
      const decision = await evaluator.evaluate(leaf, { sent })
      if (!decision.accepted) {
        throw new BundleEndpointError('server', `${withoutQuery(url.href)}: ${decision.detail.message}`)
      }
      const { spiffeId } = decision.peer
      if (spiffeId === endpointSpiffeId) return
      const found = `${withoutQuery(url.href)} has the SPIFFE ID ${String(spiffeId)}`
      throw new BundleEndpointError('server', `${found}; expected ${endpointSpiffeId} (option endpointSpiffeId)`)
    }
  }
}
