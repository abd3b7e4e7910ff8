import { Duplex } from 'node:stream'
import { TLSSocket, createServer } from 'node:tls'
import type { Socket } from 'node:net'
import { readLeaf, readRefusedChain, readSentChain, readVerifyCode } from '@peerkit/identity/internal'
import type { RefusedChains, SentChain } from '@peerkit/identity/internal'

const CHAIN: unique symbol = Symbol('peerkit.chain')
const RAW: unique symbol = Symbol('peerkit.raw')

/** Null: only the leaf is needed. */
interface Met { [CHAIN]?: SentChain | null | undefined, [RAW]?: Socket }

/** The callback for the TLS socket that Node creates within the current call of `server.emit('connection')`. */
let expecting: ((socket: TLSSocket) => void) | undefined

/**
 * Calls back with the TLS socket that Node creates for a raw connection, before Node adds its own listeners.
 *
 * Node 24.21 and 26.8 read the client's certificate before they emit an event, and thereby lose the certificates that
 * the client sent above it (nodejs/node#65579). Node registers its `secure` listener while it handles `connection`, so
 * the first call of `on('secure', …)` in that time gives the socket.
 *
 * @param emit passes the raw connection to Node
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

/**
 * Patches the prototype once for the process. Changing it for each connection would make V8 drop its optimizations for
 * all sockets.
 */
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

/** Whether {@link meetTlsSocket} works on this version of Node. Tried once, on a fake connection. */
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

/** Keeps the raw connection of a TLS socket, so that it can be reset. */
export function rememberRawSocket (socket: TLSSocket & Met, raw: Socket): void {
  socket[RAW] = raw
}

/**
 * The TLS version of a connection. Undefined for one that has ended: Node 24 crashes if it is asked for the version of
 * a TLS socket whose raw socket was destroyed.
 */
export function readProtocol (socket: TLSSocket & Met): string | undefined {
  return socket[RAW]?.destroyed === true ? undefined : socket.getProtocol?.() ?? undefined
}

/**
 * Ends a connection with RST. After a clean end `https.Agent` would offer the refused session again and again.
 *
 * It is done later and by the raw socket only: Node crashes if both sockets are destroyed within the callback of the
 * handshake (22.19, 24.21, 26.10).
 */
export function resetConnection (socket: TLSSocket & Met): void {
  const raw = socket[RAW]
  // A Unix socket cannot be reset.
  if (raw?.remotePort === undefined) {
    socket.destroy()
    return
  }
  raw.once('close', () => { socket.destroy() })
  setImmediate(() => { raw.resetAndDestroy() })
}

/**
 * Reads what the client presented, if OpenSSL accepted it. Reading the certificates of a refused client costs time, and
 * memory, which is limited for all of them together.
 *
 * @param limitOf called with OpenSSL's code if it refused: the limit to read them under; undefined to not read them
 */
export function keepPresentedChain (
  socket: TLSSocket & Met, limitOf: (code: string) => RefusedChains | undefined
): void {
  // A resumed session brings only the leaf, which can be read later.
  const isResumed = socket.isSessionReused()
  const code = isResumed ? undefined : readVerifyCode(socket)
  const limit = code === undefined ? undefined : limitOf(code)
  if (isResumed || (code !== undefined && limit === undefined)) socket[CHAIN] = null
  else socket[CHAIN] = limit === undefined ? readSentChain(socket) : readRefusedChain(socket, limit) ?? null
}

/** Whether the whole presented chain was read. */
export function hasPresentedChain (socket: TLSSocket & Met): boolean {
  return socket[CHAIN] != null
}

/**
 * Returns what `keepPresentedChain` kept, else what Node shows now, which may be only the leaf. Undefined if the client
 * sent no certificate.
 */
export function takePresentedChain (socket: TLSSocket & Met): SentChain | undefined {
  const kept = socket[CHAIN]
  socket[CHAIN] = undefined
  if (kept === undefined) return readSentChain(socket)
  if (kept !== null) return kept
  const leaf = readLeaf(socket)
  return leaf === undefined ? undefined : { leaf, sent: [] }
}
