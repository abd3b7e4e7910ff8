import { Duplex } from 'node:stream'
import { TLSSocket, createServer } from 'node:tls'
import type { Socket } from 'node:net'

/** Certificates above the leaf that are looked at. One more than path validation takes, so that it knows of those that it leaves out. */
const MAX_SENT = 17

/** What the client presented. */
export interface PresentedChain {
  /** DER. */
  readonly leaf: Uint8Array
  /** DER of what was sent beside the leaf in a full handshake, in the client's order. */
  readonly sent: readonly Uint8Array[]
  /** Whether `sent` was read: it is not where OpenSSL refused and nobody wanted to know more. */
  readonly isWhole: boolean
}

const CHAIN: unique symbol = Symbol('peerkit.chain')
const RAW: unique symbol = Symbol('peerkit.raw')

/** Null: only the leaf is of interest. */
interface Met { [CHAIN]?: PresentedChain | null | undefined, [RAW]?: Socket }

/** Who waits for the TLS socket that Node makes within the current call of `server.emit('connection')`. */
let expecting: ((socket: TLSSocket) => void) | undefined

/**
 * Calls back with the TLS socket that Node makes over a raw connection, before any of Node's own listeners is on it.
 *
 * Node 24.21 and 26.8 look at the client's certificate themselves before they tell anybody of the handshake, and lose what the client sent above it by that
 * (nodejs/node#65579). Node registers its `secure` listener while it handles `connection`, so the first call of `on('secure', …)` meanwhile names the socket.
 *
 * @param emit hands the raw connection to Node
 */
export function meetTlsSocket (emit: () => boolean, onMet: (socket: TLSSocket) => void): boolean {
  watchListeners()
  const before = expecting
  expecting = onMet
  try {
    return emit()
  } finally {
    expecting = before
  }
}

let isWatching = false

/** Once for the process, and for good: a prototype that changes with each connection would cost V8 what it knows of all sockets. */
function watchListeners (): void {
  if (isWatching) return
  isWatching = true
  const { on } = TLSSocket.prototype
  TLSSocket.prototype.on = function (this: TLSSocket, event: string, listener: (...args: any[]) => void) {
    if (expecting !== undefined && event === 'secure') {
      const met = expecting
      expecting = undefined
      met(this)
    }
    return (on as (event: string, listener: (...args: any[]) => void) => TLSSocket).call(this, event, listener)
  } as typeof on
}

let works: boolean | undefined

/** Whether {@link meetTlsSocket} works on this version of Node. Tried once, on a connection that leads nowhere. */
export function canMeetTlsSockets (): boolean {
  works ??= tryMeeting()
  return works
}

function tryMeeting (): boolean {
  let met: TLSSocket | undefined
  const server = createServer({}).on('tlsClientError', () => {})
  const raw = new Duplex({ read () {}, write (_chunk, _encoding, done) { done() } })
  try {
    meetTlsSocket(() => server.emit('connection', raw as Socket), (socket) => { met = socket })
  } catch {
    return false
  }
  met?.on('error', () => {}).destroy()
  raw.destroy()
  return met !== undefined
}

/** Keeps the raw connection under a TLS socket, to reset it. */
export function rememberRawSocket (socket: TLSSocket & Met, raw: Socket): void {
  socket[RAW] = raw
}

/**
 * Ends a connection with RST. After a clean end `https.Agent` would offer the session that was just refused for ever.
 *
 * Later, and by the raw socket alone: Node dies where both sockets are destroyed within the handshake's own callback (22.19, 24.21, 26.10).
 */
export function resetConnection (socket: TLSSocket & Met): void {
  const raw = socket[RAW]
  // A Unix socket has no reset.
  if (raw?.remotePort === undefined) {
    socket.destroy()
    return
  }
  raw.once('close', () => { socket.destroy() })
  setImmediate(() => { raw.resetAndDestroy() })
}

/**
 * Keeps what the client presented, if it is worth a look: OpenSSL's verdict comes first, since reading the certificates of a stranger costs time.
 *
 * @param isWanted asked with OpenSSL's code where it refused: whether they are wanted all the same, to explain the refusal
 */
export function keepPresentedChain (socket: TLSSocket & Met, isWanted: (code: string) => boolean): void {
  // A resumed session brings the leaf alone, which stays readable.
  const code = readVerifyCode(socket)
  const isLeafAlone = socket.isSessionReused() || (code !== undefined && !isWanted(code))
  socket[CHAIN] = isLeafAlone ? null : readPresentedChain(socket)
}

/** Whether what the client presented was read whole. */
export function hasPresentedChain (socket: TLSSocket & Met): boolean {
  return socket[CHAIN] != null
}

/** What `keepPresentedChain` kept; else what Node shows now, which may be the leaf alone. Undefined where the client sent no certificate. */
export function takePresentedChain (socket: TLSSocket & Met): PresentedChain | undefined {
  const kept = socket[CHAIN]
  socket[CHAIN] = undefined
  if (kept === undefined) return readPresentedChain(socket)
  if (kept !== null) return kept
  const leaf = readLeaf(socket)
  return leaf === undefined ? undefined : { leaf, sent: [], isWhole: false }
}

/** DER of the client's certificate. Node makes an object for each certificate that was sent, so it is asked only where somebody wants to know. */
export function readLeaf (socket: TLSSocket): Uint8Array | undefined {
  return socket.getPeerX509Certificate()?.raw
}

/** Reads the leaf and, in the client's order, what was sent beside it. On Node 24 only the first call on a socket sees more than the leaf. */
export function readPresentedChain (socket: TLSSocket): PresentedChain | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const sent: Uint8Array[] = []
  for (let next = leaf.issuerCertificate; next !== undefined && sent.length < MAX_SENT; next = next.issuerCertificate) sent.push(next.raw)
  return { leaf: leaf.raw, sent, isWhole: true }
}

/** The code of OpenSSL's verdict, before Node tells it; undefined where it accepted. Where Node does not have the verdict, none is known yet. */
function readVerifyCode (socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: { verifyError?: () => { code?: string } | null | undefined } | null }
  const error = typeof handle?.verifyError === 'function' ? handle.verifyError() : undefined
  return error == null ? undefined : String(error.code)
}
