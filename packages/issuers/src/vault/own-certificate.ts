import type { CredentialChange, CredentialSnapshot, CredentialSource } from '@peerkit/credentials'

/**
 * Presents the certificate that was issued last to OpenBao, and trusts whom the given credentials trust. Until there is
 * one, it presents theirs.
 */
export class OwnCertificate implements CredentialSource {
  readonly #base: CredentialSource
  readonly #listeners = new Set<(change: CredentialChange) => void>()
  readonly #end: () => void
  #issued: CredentialSnapshot | undefined
  #current: CredentialSnapshot
  #generation = 1

  constructor (base: CredentialSource) {
    this.#base = base
    this.#current = base.current
    this.#end = base.subscribe((change) => {
      if (change.type === 'rotated') this.#replace(change.trustChanged)
    })
  }

  get current (): CredentialSnapshot { return this.#current }

  /** Presents this certificate from now on. An expired one counts as none: the given one can still log in. */
  use (issued: CredentialSnapshot | undefined, now: number): void {
    const valid = issued !== undefined && issued.notAfter > now ? issued : undefined
    if (valid === this.#issued) return
    this.#issued = valid
    this.#replace(false)
  }

  subscribe (listener: (change: CredentialChange) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async close (): Promise<void> {
    this.#end()
    this.#listeners.clear()
  }

  #replace (trustChanged: boolean): void {
    const previous = this.#current
    this.#generation += 1
    this.#current = present(this.#base.current, this.#issued, this.#generation)
    const change = { type: 'rotated', snapshot: this.#current, previous, trustChanged } as const
    for (const listener of [...this.#listeners]) listener(change)
  }
}

/** The trust of one snapshot with the certificate of another one. The key is no own property, as in every snapshot. */
function present (
  trust: CredentialSnapshot, issued: CredentialSnapshot | undefined, generation: number
): CredentialSnapshot {
  const { cert, identity, intermediates, notAfter } = issued ?? trust
  const shown = Object.create(trust, { key: { get: () => (issued ?? trust).key } }) as object
  const withdrawn = (issued ?? trust).withdrawn ?? false
  const fields = { cert, identity, intermediates, notAfter, generation, withdrawn }
  return Object.freeze(Object.create(shown, Object.fromEntries(Object.entries(fields).map(([name, value]) => {
    return [name, { value, enumerable: true }]
  })))) as CredentialSnapshot
}
