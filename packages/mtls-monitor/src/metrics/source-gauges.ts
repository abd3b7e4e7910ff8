import type { BatchObservableResult, ObservableGauge } from '@opentelemetry/api'
import type { BundleStatus, CredentialSource, RenewalStatus } from '@peerkit/credentials'
import type { Instruments } from './metric-catalogue.ts'

/** Each adds a series to every metric of bundles. */
const MAX_BUNDLES = 300

/** The gauges of the source of the credentials and of its trust bundles. */
export class SourceGauges {
  readonly all: readonly ObservableGauge[]
  readonly #failing: ObservableGauge
  readonly #renewalAge: ObservableGauge
  readonly #next: ObservableGauge
  readonly #failures: ObservableGauge
  readonly #failingFor: ObservableGauge
  readonly #storeFailing: ObservableGauge
  readonly #age: ObservableGauge
  readonly #bundleFailing: ObservableGauge
  readonly #sequence: ObservableGauge
  readonly #nextRefresh: ObservableGauge

  constructor (instruments: Instruments) {
    this.#failing = instruments.gauge('peerkit.source.failing')
    this.#renewalAge = instruments.gauge('peerkit.renewal.age')
    this.#next = instruments.gauge('peerkit.renewal.next')
    this.#failures = instruments.gauge('peerkit.renewal.failures')
    this.#failingFor = instruments.gauge('peerkit.renewal.failing_for')
    this.#storeFailing = instruments.gauge('peerkit.renewal.store_failing')
    this.#age = instruments.gauge('peerkit.bundle.age')
    this.#bundleFailing = instruments.gauge('peerkit.bundle.failing')
    this.#sequence = instruments.gauge('peerkit.bundle.sequence')
    this.#nextRefresh = instruments.gauge('peerkit.bundle.next_refresh')
    this.all = [
      this.#failing, this.#renewalAge, this.#next, this.#failures, this.#failingFor, this.#storeFailing, this.#age,
      this.#bundleFailing, this.#sequence, this.#nextRefresh
    ]
  }

  /** @param now milliseconds since the epoch */
  observe (result: BatchObservableResult, credentials: CredentialSource, now: number): void {
    const status = credentials.status?.()
    if (status === undefined || status.state === 'closed') return
    result.observe(this.#failing, status.state === 'failing' ? 1 : 0, { 'peerkit.kind': status.kind.slice(0, 100) })
    if (status.renewal !== undefined) this.#observeRenewal(result, status.renewal, now)
    for (const bundle of worstFirst(status.bundles).slice(0, MAX_BUNDLES)) {
      const { authority, refreshedAt, sequence, nextRefresh, problem } = bundle
      const labels = { 'peerkit.authority': authority.slice(0, 255) }
      result.observe(this.#bundleFailing, problem === undefined ? 0 : 1, labels)
      if (refreshedAt !== undefined) result.observe(this.#age, (now - refreshedAt) / 1000, labels)
      if (sequence !== undefined) result.observe(this.#sequence, sequence, labels)
      if (nextRefresh !== undefined) result.observe(this.#nextRefresh, (nextRefresh - now) / 1000, labels)
    }
  }

  #observeRenewal (result: BatchObservableResult, renewal: RenewalStatus, now: number): void {
    const { issuer = 'none', renewedAt, nextRenewal, failures, failingSince = now, code = 'none', store } = renewal
    const labels = { 'peerkit.issuer': issuer.slice(0, 255) }
    result.observe(this.#renewalAge, (now - renewedAt) / 1000, labels)
    if (nextRenewal !== undefined) result.observe(this.#next, (nextRenewal - now) / 1000, labels)
    result.observe(this.#failures, failures, { ...labels, 'error.type': code.slice(0, 100) })
    result.observe(this.#failingFor, (now - failingSince) / 1000, labels)
    if (store !== undefined) result.observe(this.#storeFailing, store.problem === undefined ? 0 : 1, labels)
  }
}

/** Those with problems first, in the order of the source otherwise, so that the series stay the same. */
function worstFirst (bundles: readonly BundleStatus[]): readonly BundleStatus[] {
  const isFine = ({ problem }: BundleStatus): number => problem === undefined ? 1 : 0
  return [...bundles].sort((one, other) => isFine(one) - isFine(other))
}
