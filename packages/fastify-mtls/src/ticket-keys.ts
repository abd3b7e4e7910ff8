import { hkdfSync, randomBytes } from 'node:crypto'
import type { CredentialSnapshot } from '@peerkit/credentials'
import { readTicketSecret } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

/** As Node wants them: 16 octets of name, 16 for HMAC, 16 for AES. */
const TICKET_KEY_OCTETS = 48
const MIN_SECRET_OCTETS = 32
const HOUR = 3_600_000

type TicketOptions = Pick<MtlsServerOptions, 'ticketSecret' | 'ticketRotation' | 'clientCertificate' | 'algorithms'>

/**
 * The keys of TLS session tickets. Of a secret that workers and machines share they are derived, else they are random. They change with the trust, so that a ticket from before is
 * worthless, and with time (RFC 5077 section 5.5); a rotation of our own leaf leaves them alone, so that clients go on resuming.
 */
export class TicketKeys {
  readonly #options: TicketOptions
  /** What else a handshake has to satisfy here. */
  readonly #requirements: string
  readonly #now: () => number
  readonly #onTurn: () => void
  #own: Uint8Array | undefined
  /** Makes the keys of this process differ from those of the others, for a while. */
  #salt: string | undefined
  #timer: NodeJS.Timeout | undefined
  #hadSecret = false

  /** @param onTurn told when the time of the keys is over */
  constructor (options: TicketOptions, now: () => number, onTurn: () => void) {
    this.#options = options
    this.#requirements = JSON.stringify([options.clientCertificate ?? 'required', options.algorithms])
    this.#now = now
    this.#onTurn = onTurn
  }

  /** Whether other processes have the same secret. */
  get isShared (): boolean {
    return this.#options.ticketSecret !== undefined
  }

  /**
   * Keys for the trust in force, 48 octets.
   *
   * @param learned fingerprints of the intermediates that clients sent. A resumed session brings the leaf alone, so a process that does not know the same
   * intermediates must not open the ticket: the client then makes a full handshake, and the process learns. Keys of one process alone need not change: what it
   * gave tickets for it knows
   */
  make (snapshot: CredentialSnapshot, learned: readonly string[] = []): Buffer {
    const requirements = this.isShared ? `${this.#requirements} ${learned.join()} ${this.#salt ?? ''}` : this.#requirements
    return deriveTicketKeys(this.#readSecret(), snapshot, Math.floor(this.#now() / this.#span), requirements)
  }

  /** The trust moved: a secret of our own is replaced, so that CRLs count too. One that is shared moves with the CAs and lists; the gate verifies each resumed session besides. */
  drop (): void {
    this.#own = undefined
  }

  /**
   * A session was opened whose path cannot be built here. Clients may offer its ticket again for ever, also after a reset, so this process opens no ticket of before
   * any more: the next handshake is full, and teaches it the intermediate.
   */
  disown (): void {
    this.#salt = randomBytes(MIN_SECRET_OCTETS).toString('hex')
  }

  /** An intermediate was learned: the keys are those of every process that knows the same. */
  rejoin (): void {
    this.#salt = undefined
  }

  start (): void {
    const left = this.#span - this.#now() % this.#span
    this.#timer = setTimeout(() => {
      this.start()
      this.rejoin()
      this.#onTurn()
    }, left).unref()
  }

  stop (): void {
    clearTimeout(this.#timer)
  }

  get #span (): number {
    return this.#options.ticketRotation ?? HOUR
  }

  /**
   * Where a shared secret cannot be had any more (a function that asks a vault, which is sealed), tickets are of this process alone until it can: peers cause keys to be derived, and must not be
   * able to end the process by it. @throws MTLS_ERR_SERVER_OPTION where it never could be had
   */
  #readSecret (): Uint8Array {
    const { ticketSecret } = this.#options
    if (ticketSecret !== undefined) {
      try {
        const secret = readTicketSecret(ticketSecret)
        this.#hadSecret = true
        return secret
      } catch (error) {
        if (!this.#hadSecret) throw error
        process.emitWarning(`The ticketSecret cannot be had, so TLS sessions are resumed by this process alone until it can: ${(error as Error).message}`, { type: 'PeerkitWarning', code: 'MTLS_WARN_TICKET_SECRET' })
      }
    }
    this.#own ??= randomBytes(MIN_SECRET_OCTETS)
    return this.#own
  }
}

/**
 * Derives ticket keys that are the same on every machine with the same secret, trust and service, and on no other: a ticket of another service, of other CAs or
 * lists, or of other requirements opens to none of them (CVE-2025-23419).
 *
 * @param slot counts the spans of time since the epoch, so that machines agree without talking
 */
export function deriveTicketKeys (secret: Uint8Array, { trustDigest, identity }: CredentialSnapshot, slot: number, requirements = ''): Buffer {
  const { dns, uri, ip } = identity.subjectAltNames ?? {}
  const context = JSON.stringify([trustDigest, slot, identity.subject?.toString(), dns, uri, ip, requirements])
  return Buffer.from(hkdfSync('sha256', secret, context, 'peerkit tls session ticket keys', TICKET_KEY_OCTETS))
}
