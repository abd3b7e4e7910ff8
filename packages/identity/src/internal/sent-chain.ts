import type { TLSSocket } from 'node:tls'
import { explainedChains } from './refused-chains.ts'
import type { RefusedChains } from './refused-chains.ts'
import { leafOfSession } from './session-leaf.ts'

/** The certificates that a peer sent, DER. Nothing of them is verified. */
export interface SentChain {
  readonly leaf: Uint8Array
  /** The others, in the order of the peer. */
  readonly sent: readonly Uint8Array[]
  /** The octets for which a chain counts that OpenSSL refused. */
  readonly counted?: number
}

/**
 * How many certificates above the leaf are read, since a peer chose the number. One more than path validation accepts,
 * so that it can say that they are too many.
 */
const MAX_SENT = 17

/**
 * Reads the leaf and the other certificates that a peer sent. On Node 22 and 24 only the first call on a socket sees
 * more than the leaf, and the others are never freed. Use it for peers that OpenSSL accepted.
 */
export function readSentChain (socket: TLSSocket): SentChain | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const sent: Uint8Array[] = []
  for (let next = leaf.issuerCertificate; next !== undefined && sent.length < MAX_SENT; next = next.issuerCertificate) {
    sent.push(next.raw)
  }
  return { leaf: leaf.raw, sent }
}

/**
 * Reads what a peer sent that OpenSSL refused. Undefined if no certificate was sent, and if refused peers have already
 * taken much memory.
 */
export function readRefusedChain (socket: TLSSocket, limit: RefusedChains): SentChain | undefined {
  if (!limit.hasLeft) return undefined
  const chain = readSentChain(socket)
  if (chain === undefined) return undefined
  const counted = octetsOf(socket)
  limit.count(counted, freesChains(socket))
  return { ...chain, counted }
}

/** Takes back what `readRefusedChain` counted, for a peer that is accepted although OpenSSL refused it. */
export function forgiveRefusedChain (socket: TLSSocket, { counted }: SentChain, limit: RefusedChains): void {
  // The peer may have sent more since, so its octets are not counted again.
  if (counted !== undefined) limit.forgive(counted, freesChains(socket))
}

/** How many octets the peer has sent so far: the handshake, and perhaps the start of its first request. */
function octetsOf (socket: TLSSocket): number { return handleOf(socket)?._parent?.bytesRead ?? Infinity }

/** DER of the peer's certificate. It is read from the session, so that the others that were sent take no memory. */
export function readLeaf (socket: TLSSocket): Uint8Array | undefined {
  // Node crashes if the session is asked for after OpenSSL's part of the socket was freed.
  const session = socket.destroyed ? undefined : socket.getSession?.()
  if (session == null) return socket.getPeerX509Certificate()?.raw
  try {
    return leafOfSession(session)
  } catch {
    // Another version of OpenSSL could encode sessions in another way.
    return socket.getPeerX509Certificate()?.raw
  }
}

interface TlsHandle {
  readonly verifyError?: () => { readonly code?: string } | null | undefined
  /** Came with the release that frees what `getPeerX509Certificate` reads. */
  readonly hasPeerCertificate?: () => boolean
  /** The handle of the connection below TLS. What it has read is all that the peer sent. */
  readonly _parent?: { readonly bytesRead?: number }
}

function handleOf (socket: TLSSocket): TlsHandle | undefined {
  return (socket as unknown as { readonly _handle?: TlsHandle | null })._handle ?? undefined
}

function freesChains (socket: TLSSocket): boolean { return handleOf(socket)?.hasPeerCertificate !== undefined }

/**
 * OpenSSL's error code, before Node exposes it. Undefined if OpenSSL accepted, or if this version of Node has no
 * `verifyError`.
 */
export function readVerifyCode (socket: TLSSocket): string | undefined {
  const error = handleOf(socket)?.verifyError?.()
  return error == null ? undefined : String(error.code)
}

/**
 * Reads what a server presents before Node does, and prevents Node from creating its legacy certificate object:
 * `tls.connect` calls `getPeerCertificate`, which crashes Node 24 if a key is on a curve without a NIST name.
 *
 * @returns a function that returns what was read; undefined before the handshake is done, on a resumed session, if the
 *   server sent no certificate, and if many servers were refused
 */
export function watchServerCertificate (socket: TLSSocket): () => SentChain | undefined {
  let presented: SentChain | undefined
  Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true })
  socket.prependOnceListener('secure', () => {
    if (socket.isSessionReused()) return
    presented = readVerifyCode(socket) === undefined ? readSentChain(socket) : readRefusedChain(socket, explainedChains)
  })
  return () => presented
}
