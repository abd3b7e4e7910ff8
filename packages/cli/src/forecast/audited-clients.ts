import type { AuditEntry } from './read-audit-line.ts'

/** A client in the audit logs. */
export interface AuditedClient {
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** Milliseconds since the epoch. */
  firstSeen: number | undefined
  lastSeen: number | undefined
  count: number
  /** Milliseconds since the epoch, if a line has it. */
  notAfter: number | undefined
  /** Whether a handshake was refused because the certificate is not for clients. */
  refused: boolean
}

/**
 * The largest number of clients, so that memory is bounded: a refused client can present any number of certificates.
 */
const MAX_CLIENTS = 50_000

/** Collects clients by the fingerprint of the certificate. */
export class AuditedClients {
  // Separate maps, so that refused clients cannot use up the space of verified ones.
  readonly #verified = new Map<string, AuditedClient>()
  readonly #refused = new Map<string, AuditedClient>()
  readonly #most: number

  /** Lines of clients beyond the bound. */
  leftOut = 0

  constructor (most: number = MAX_CLIENTS) {
    this.#most = most
  }

  add ({ name, issuer, serialNumber, fingerprint256, when, notAfter, isVerified }: AuditEntry): void {
    const clients = isVerified ? this.#verified : this.#refused
    const key = fingerprint256 ?? JSON.stringify([name, issuer, serialNumber])
    let client = clients.get(key)
    if (client === undefined) {
      if (clients.size >= this.#most) {
        this.leftOut++
        return
      }
      const seen = { firstSeen: undefined, lastSeen: undefined, count: 0, notAfter: undefined, refused: !isVerified }
      clients.set(key, client = { name, issuer, serialNumber, fingerprint256, ...seen })
    }
    merge(client, { firstSeen: when, lastSeen: when, count: 1, notAfter })
  }

  list (): AuditedClient[] {
    for (const [key, client] of this.#verified) {
      const refused = this.#refused.get(key)
      if (refused === undefined) continue
      merge(client, refused)
      client.refused = true
      this.#refused.delete(key)
    }
    return [...this.#verified.values(), ...this.#refused.values()]
  }
}

type Seen = Pick<AuditedClient, 'firstSeen' | 'lastSeen' | 'count' | 'notAfter'>

function merge (client: AuditedClient, { firstSeen, lastSeen, count, notAfter }: Seen): void {
  client.count += count
  if (firstSeen !== undefined) client.firstSeen = Math.min(client.firstSeen ?? firstSeen, firstSeen)
  if (lastSeen !== undefined) client.lastSeen = Math.max(client.lastSeen ?? lastSeen, lastSeen)
  client.notAfter ??= notAfter
}
