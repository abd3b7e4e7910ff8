import { hkdfSync, randomBytes } from 'node:crypto'
import type { CredentialSnapshot } from '@peerkit/credentials'
import { readTicketSecret } from './server-settings.ts'
import type { MtlsServerSettings } from './server-settings.ts'

/** As Node wants them: 16 octets of name, 16 for HMAC, 16 for AES. */
const TICKET_KEY_OCTETS = 48
const MIN_SECRET_OCTETS = 32
const HOUR = 3_600_000

/**
 * The keys of TLS session tickets. Of a secret that workers and machines share they are derived, else they are random. They change with the trust, so that a ticket from before is
 * worthless, and with time (RFC 5077 section 5.5); a rotation of our own leaf leaves them alone, so that clients go on resuming.
 */
export class TicketKeys {
  readonly #settings: Pick<MtlsServerSettings, 'ticketSecret' | 'ticketRotation'>
  readonly #now: () => number
  readonly #onTurn: () => void
  #own: Uint8Array | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param onTurn told when the time of the keys is over */
  constructor (settings: Pick<MtlsServerSettings, 'ticketSecret' | 'ticketRotation'>, now: () => number, onTurn: () => void) {
    this.#settings = settings
    this.#now = now
    this.#onTurn = onTurn
  }

  /** Keys for the trust in force, 48 octets. */
  make (snapshot: CredentialSnapshot): Buffer {
    return deriveTicketKeys(this.#readSecret(), snapshot, Math.floor(this.#now() / this.#span))
  }

  /** The trust moved: a secret of our own is replaced, so that CRLs count too. One that is shared moves with the set of CAs; the gate judges each resumed session besides. */
  drop (): void {
    this.#own = undefined
  }

  start (): void {
    const left = this.#span - this.#now() % this.#span
    this.#timer = setTimeout(() => {
      this.start()
      this.#onTurn()
    }, left).unref()
  }

  stop (): void {
    clearTimeout(this.#timer)
  }

  get #span (): number {
    return this.#settings.ticketRotation ?? HOUR
  }

  #readSecret (): Uint8Array {
    const { ticketSecret } = this.#settings
    if (ticketSecret !== undefined) return readTicketSecret(ticketSecret)
    this.#own ??= randomBytes(MIN_SECRET_OCTETS)
    return this.#own
  }
}

/** @param slot counts the spans of time since the epoch, so that machines agree without talking */
export function deriveTicketKeys (secret: Uint8Array, { anchors }: CredentialSnapshot, slot: number): Buffer {
  const trust = anchors.map(({ fingerprint256 }) => fingerprint256).sort().join()
  return Buffer.from(hkdfSync('sha256', secret, `${trust};${slot}`, 'peerkit tls session ticket keys', TICKET_KEY_OCTETS))
}
