import { ocspChecker } from '@peerkit/revocation'
import type { OcspChecker, RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import type { PeerIdentity } from '@peerkit/identity'

/** The CAs with a responder, by the common name. */
const ASKED: ReadonlySet<string | undefined> = new Set(['Root B', 'Brought'])
const GOOD: RevocationStatus = { state: 'good', source: 'ocsp', until: Infinity }
/** Turns of the event loop without a question, after which a review is over. */
const CALM = 5

/** An OCSP checker for some CAs, of which one can wait until it has asked all that it has to. */
export class SettlingChecker implements RevocationChecker {
  readonly #ocsp: OcspChecker
  #asking = 0

  constructor (url: string, now: () => number) {
    // The responder decides when it is late.
    this.#ocsp = ocspChecker({ urls: url, now, timeout: 600_000 })
  }

  get epoch (): number { return this.#ocsp.epoch }

  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus> {
    if (!ASKED.has(certificate.issuer?.commonName)) return GOOD
    const status = this.#ocsp.check(certificate, issuer)
    if (!(status instanceof Promise)) return status
    this.#asking += 1
    return status.finally(() => { this.#asking -= 1 })
  }

  permits (status: RevocationStatus, certificate: PeerIdentity): boolean {
    return this.#ocsp.permits(status, certificate)
  }

  subscribe (listener: () => void): () => void { return this.#ocsp.subscribe(listener) }

  async settle (): Promise<void> {
    for (let calm = 0; calm < CALM; calm = this.#asking === 0 ? calm + 1 : 0) {
      await new Promise((resolve) => { setImmediate(resolve) })
    }
  }

  async close (): Promise<void> { await this.#ocsp.close() }
}
