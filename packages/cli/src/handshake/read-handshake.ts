import { Octets, recordOpener, splitRecords } from './records.ts'
import type { OpenRecord, TlsRecord } from './records.ts'

/** What a server sent in its handshake and Node does not expose. */
export interface HandshakeFacts {
  /** The certificates as sent, the leaf first. Empty for a resumed session. */
  readonly certificates: readonly Uint8Array[]
  /** Whether it requested a client certificate. Undefined if its messages could not be read. */
  readonly asked: boolean | undefined
  /** The names of the CAs that it accepts, DER. Empty if it names none. */
  readonly authorities: readonly Uint8Array[]
  /** The last alert from the server (RFC 8446 section 6). */
  readonly alert: number | undefined
}

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const
const MESSAGE = { serverHello: 2, certificate: 11, certificateRequest: 13, serverHelloDone: 14, finished: 20 } as const
const EXTENSION = { supportedVersions: 43, certificateAuthorities: 47 } as const
const TLS_1_3 = 0x0304
const MAX_MESSAGE = 1 << 18
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/**
 * Reads the handshake messages of a server (RFC 5246 and RFC 8446 sections 4 and 5). In TLS 1.2 they are not encrypted
 * up to ChangeCipherSpec. In TLS 1.3 they are decrypted with the secrets of the own connection, from Node's `keylog`
 * event.
 *
 * @param received all bytes from the server
 * @param keylog lines in the NSS format (SSLKEYLOGFILE)
 */
export function readHandshake (received: Uint8Array, keylog: readonly string[]): HandshakeFacts {
  const reading = new Reading(keylog)
  try {
    for (const record of splitRecords(received)) if (!reading.take(record)) break
  } catch {
    // Everything up to here is valid. Node itself fails on a malformed handshake.
  }
  return reading
}

class Reading implements HandshakeFacts {
  certificates: readonly Uint8Array[] = []
  asked: boolean | undefined = undefined
  authorities: readonly Uint8Array[] = []
  alert: number | undefined = undefined
  readonly #keylog: readonly string[]
  #open: OpenRecord | undefined
  #suite: number = 0
  #isTls13: boolean = false
  #pending: Uint8Array = new Uint8Array()

  constructor (keylog: readonly string[]) {
    this.#keylog = keylog
  }

  /** Returns whether more records can be read. */
  take ({ type, header, content }: TlsRecord): boolean {
    if (type === RECORD.changeCipherSpec) return this.#isTls13
    if (type !== RECORD.applicationData) return this.#takeOpened(type, content)
    if (this.#open === undefined) return false
    const opened = this.#open(header, content)
    return this.#takeOpened(opened.type, opened.content)
  }

  #takeOpened (type: number, content: Uint8Array): boolean {
    if (type === RECORD.alert) this.alert = content[1]
    if (type !== RECORD.handshake) return true
    this.#pending = Buffer.concat([this.#pending, content])
    while (this.#pending.length >= 4) {
      const head = new Octets(this.#pending)
      const kind = head.number(1)
      const length = head.number(3)
      if (length > MAX_MESSAGE) return false
      if (this.#pending.length < 4 + length) break
      const body = head.take(length)
      this.#pending = this.#pending.subarray(4 + length)
      this.#takeMessage(kind, new Octets(body))
    }
    return true
  }

  #takeMessage (kind: number, body: Octets): void {
    if (kind === MESSAGE.serverHello) this.#takeHello(body)
    else if (kind === MESSAGE.certificate) this.#takeCertificates(body)
    else if (kind === MESSAGE.certificateRequest) this.#takeRequest(body)
    // After these messages a server cannot request a certificate.
    else if (kind === MESSAGE.serverHelloDone) this.asked ??= false
    else if (kind === MESSAGE.finished) {
      this.asked ??= false
      this.#open = this.#opener('SERVER_TRAFFIC_SECRET_0')
    }
  }

  #takeHello (body: Octets): void {
    body.number(2)
    const isRetry = Buffer.from(body.take(32)).toString('hex') === RETRY
    body.vector(1)
    this.#suite = body.number(2)
    body.number(1)
    const versions = body.done ? undefined : readExtensions(body.vector(2)).get(EXTENSION.supportedVersions)
    this.#isTls13 = versions !== undefined && new Octets(versions).number(2) === TLS_1_3
    if (this.#isTls13 && !isRetry) this.#open = this.#opener('SERVER_HANDSHAKE_TRAFFIC_SECRET')
  }

  #opener (label: string): OpenRecord | undefined {
    const secret = this.#keylog.find((line) => line.startsWith(`${label} `))?.trim().split(' ')[2]
    return secret === undefined ? undefined : recordOpener(this.#suite, Buffer.from(secret, 'hex'))
  }

  #takeCertificates (body: Octets): void {
    if (this.#isTls13) body.vector(1)
    const list = new Octets(body.vector(3))
    const certificates: Uint8Array[] = []
    while (!list.done) {
      certificates.push(list.vector(3))
      if (this.#isTls13) list.vector(2)
    }
    this.certificates = certificates
  }

  #takeRequest (body: Octets): void {
    this.asked = true
    // TLS 1.3: the context. TLS 1.2: the types of certificates, then the algorithms.
    body.vector(1)
    if (!this.#isTls13) body.vector(2)
    const names = this.#isTls13 ? readExtensions(body.vector(2)).get(EXTENSION.certificateAuthorities) : body
    if (names === undefined) return
    const list = new Octets((names instanceof Octets ? names : new Octets(names)).vector(2))
    const authorities: Uint8Array[] = []
    while (!list.done) authorities.push(list.vector(2))
    this.authorities = authorities
  }
}

function readExtensions (bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (const octets = new Octets(bytes); !octets.done;) found.set(octets.number(2), octets.vector(2))
  return found
}
