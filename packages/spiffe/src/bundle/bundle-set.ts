import type { BundleStatus, Clock } from '@peerkit/credentials'
import { SpiffeInvalidError, SpiffeOptionError } from '../errors.ts'
import type { TrustDomainBundle } from '../source/read-update.ts'
import { takeOver } from './bundle-source.ts'
import type { BundleSource, BundleUser, HeldBundle } from './bundle-source.ts'

/** What a set is made of. */
export interface BundleSetOptions {
  readonly clock: Clock
  readonly random: () => number
  /** The bundle that the Workload API gave for a trust domain. */
  readonly findOther: (trustDomain: string) => TrustDomainBundle | undefined
  readonly onChange: () => void
  readonly onWarning: (message: string) => void
}

/** Several sources of bundles. Each trust domain comes from one of them. */
export class BundleSet {
  readonly #sources: readonly BundleSource[]
  readonly #options: BundleSetOptions
  readonly #owners = new Map<string, BundleSource>()

  /** @throws SpiffeOptionError if two sources are for one trust domain, or one is in use already */
  constructor (sources: readonly BundleSource[], options: BundleSetOptions) {
    this.#sources = sources
    this.#options = options
    for (const [index, source] of sources.entries()) {
      const { trustDomain } = source
      const other = trustDomain === undefined ? undefined : this.#owners.get(trustDomain)
      if (other !== undefined) {
        const both = `${other.origin} and ${source.origin} are both for ${String(trustDomain)}`
        throw new SpiffeOptionError(`bundles[${index}]: ${both}; expected one source for each trust domain`)
      }
      if (trustDomain !== undefined) this.#owners.set(trustDomain, source)
    }
    for (const [index, source] of sources.entries()) takeOver(source, `bundles[${index}]`)
  }

  /** The trust domains that one source is made for. Those of maps are known later. */
  get declared (): readonly string[] {
    return this.#sources.flatMap(({ trustDomain }) => trustDomain === undefined ? [] : [trustDomain])
  }

  /** Waits for the first attempt of each source. @throws SpiffeInvalidError if a source can never work */
  async start (): Promise<void> {
    const { clock, random, onChange, onWarning } = this.#options
    const user: BundleUser = {
      clock,
      random,
      find: (trustDomain) => this.find(trustDomain),
      claim: (source, trustDomains) => { this.#claim(source, trustDomains) },
      changed: onChange,
      warn: onWarning
    }
    const started = new Set<BundleSource>()
    // A source that verifies its server with the bundle of another one comes after it.
    while (started.size < this.#sources.length) {
      const left = this.#sources.filter((source) => !started.has(source))
      const waits = ({ needs }: BundleSource): boolean => needs.some((name) => left.includes(this.#owners.get(name)!))
      const ready = left.filter((source) => !waits(source))
      const next = ready.length > 0 ? ready : left
      for (const source of next) started.add(source)
      await Promise.all(next.map(async (source) => { await source.start(user) }))
    }
  }

  /** What the sources give, by trust domain. */
  list (): Map<string, HeldBundle> {
    return new Map(this.#sources.flatMap((source) => [...source.list()]))
  }

  /** The last good bundle of a trust domain. */
  find (trustDomain: string): TrustDomainBundle | undefined {
    const owner = this.#owners.get(trustDomain)
    // Where a source is given, nothing else counts.
    return owner === undefined ? this.#options.findOther(trustDomain) : owner.list().get(trustDomain)?.document
  }

  /** Whether a source gives the bundle of a trust domain. */
  has (trustDomain: string): boolean { return this.#owners.has(trustDomain) }

  status (): BundleStatus[] {
    return this.#sources.flatMap((source) => [...source.list()].map(([authority, held]) => ({
      authority,
      origin: source.origin,
      sequence: held.document?.sequence,
      refreshedAt: held.refreshedAt,
      nextRefresh: held.nextRefresh,
      problem: held.problem?.message
    })))
  }

  async close (): Promise<void> {
    await Promise.all(this.#sources.map(async (source) => { await source.close() }))
  }

  #claim (source: BundleSource, trustDomains: Iterable<string>): void {
    const claimed = new Set(trustDomains)
    for (const name of claimed) {
      const owner = this.#owners.get(name) ?? source
      if (owner === source) continue
      const both = `${source.origin} has a bundle for ${name}, which ${owner.origin} gives`
      throw new SpiffeInvalidError('trust_domain', `${both}; expected one source for each trust domain`)
    }
    for (const [name, owner] of this.#owners) if (owner === source) this.#owners.delete(name)
    for (const name of claimed) this.#owners.set(name, source)
  }
}
