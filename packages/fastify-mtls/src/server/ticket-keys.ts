import { hkdfSync, randomBytes } from 'node:crypto'
import type { CredentialSnapshot } from '@peerkit/credentials'
import { readTicketSecret } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

/** The size that Node requires: 16 bytes for the name, 16 for HMAC, 16 for AES. */
const TICKET_KEY_OCTETS = 48
const MIN_SECRET_OCTETS = 32
const HOUR = 3_600_000

type TicketOptions = Pick<MtlsServerOptions, 'ticketSecret' | 'ticketRotation' | 'clientCertificate' | 'algorithms'>

/**
 * The keys of TLS session tickets. They are derived from a shared secret, or random without one. They change with the
 * trust, so that older tickets become useless, and with time (RFC 5077 section 5.5). A rotation of the server's own
 * leaf does not change them, so that clients can still resume.
 */
export class TicketKeys {
  readonly #options: TicketOptions
  /** The other options that decide whether a handshake is accepted. */
  readonly #requirements: string
  readonly #now: () => number
  readonly #onTurn: () => void
  #own: Uint8Array | undefined
  /** If set, the keys of this process differ from those of the others. */
  #salt: string | undefined
  #timer: NodeJS.Timeout | undefined
  #hadSecret = false

  /** @param onTurn called when the keys have to be replaced */
  constructor (options: TicketOptions, now: () => number, onTurn: () => void) {
    this.#options = options
    this.#requirements = JSON.stringify([options.clientCertificate ?? 'required', options.algorithms])
    this.#now = now
    this.#onTurn = onTurn
  }

  /** Whether other processes may have the same secret. */
  get isShared (): boolean {
    return this.#options.ticketSecret !== undefined
  }

  /**
   * Makes the keys for the current trust, 48 bytes.
   *
   * @param learned fingerprints of the intermediates that clients sent. A resumed session brings only the leaf, so a
   *   process that does not know the same intermediates must not decrypt the ticket: the client then makes a full
   *   handshake, and the process learns them. Without a shared secret they are not needed: a process knows the
   *   intermediates of its own tickets
   */
  make (snapshot: CredentialSnapshot, learned: readonly string[] = []): Buffer {
    // A resumed session needs no certificate, so that a withdrawn one would still be of use. No ticket is decrypted.
    if (snapshot.withdrawn === true) return randomBytes(TICKET_KEY_OCTETS)
    const requirements = this.isShared
      ? `${this.#requirements} ${learned.join()} ${this.#salt ?? ''}`
      : this.#requirements
    return deriveTicketKeys(this.#readSecret(), snapshot, Math.floor(this.#now() / this.#span), requirements)
  }

  /**
   * Call it when the trust changed, or when no older ticket is to be decrypted. A random secret is replaced. With a
   * shared secret the derived keys change with the CAs and CRLs. Each resumed session is verified in any case.
   */
  drop (): void {
    this.#own = undefined
  }

  /**
   * Call it when a session was refused, and a full handshake of its client might not be. Clients may offer its ticket
   * again and again, even after a reset. So this process stops decrypting all older tickets: the next handshake is
   * full, and the process learns the intermediates.
   */
  useOwnKeys (): void {
    this.#salt = randomBytes(MIN_SECRET_OCTETS).toString('hex')
  }

  /** Call it when an intermediate was learned: the keys are again those of every process that knows the same ones. */
  useSharedKeys (): void {
    this.#salt = undefined
  }

  start (): void {
    const left = this.#span - this.#now() % this.#span
    this.#timer = setTimeout(() => {
      this.start()
      this.useSharedKeys()
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
   * Reads the shared secret, or makes a random one. If the function that returns the secret fails later (a sealed
   * vault, say), this process uses random keys until it works again: clients cause keys to be derived, and must not be
   * able to crash the process.
   *
   * @throws ServerOptionError if the function has never worked
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
        const message = 'Reading ticketSecret failed. Until it works again, each process resumes only its own TLS ' +
          `sessions: ${(error as Error).message}`
        process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_TICKET_SECRET' })
      }
    }
    this.#own ??= randomBytes(MIN_SECRET_OCTETS)
    return this.#own
  }
}

/**
 * Derives ticket keys that are the same on every machine with the same secret, trust and service, and on no other. They
 * do not decrypt tickets of another service, of other CAs or CRLs, or of other requirements (CVE-2025-23419).
 *
 * @param slot number of the time span since the epoch, so that machines agree without communication
 */
export function deriveTicketKeys (
  secret: Uint8Array, { trustDigest, identity }: CredentialSnapshot, slot: number, requirements = ''
): Buffer {
  const { dns, uri, ip } = identity.subjectAltNames ?? {}
  const context = JSON.stringify([trustDigest, slot, identity.subject?.toString(), dns, uri, ip, requirements])
  return Buffer.from(hkdfSync('sha256', secret, context, 'peerkit tls session ticket keys', TICKET_KEY_OCTETS))
}
