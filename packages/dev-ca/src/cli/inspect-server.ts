import { describeDistrust, describeFailure } from './describe-failure.ts'
import { describeAuthorities } from './describe-authorities.ts'
import { openTls } from './handshake/open-tls.ts'
import type { HandshakeFacts } from './handshake/read-handshake.ts'
import type { TlsConnection } from './handshake/open-tls.ts'
import type { Target } from './target.ts'
import type { TlsArguments } from './tls-arguments.ts'

/** What one handshake shows of a server. */
export interface ServerView {
  readonly certificates: readonly Uint8Array[]
  readonly address: string | undefined
  readonly protocol: string | undefined
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  /** Undefined where the handshake did not come far enough. */
  readonly trusted: boolean | undefined
  readonly distrust: string | undefined
  readonly asksForCertificate: boolean | undefined
  /** The CAs it says it accepts, in RFC 4514; empty where it names none. */
  readonly acceptedCas: readonly string[]
  readonly failure: string | undefined
}

/** Connects, and once more with our certificate where there is one and the server may see it; what the last of them showed. */
export async function inspectServer (target: Target, { options, own, insecure }: TlsArguments): Promise<ServerView> {
  const first = await viewServer(await openTls(target, options))
  if (own === undefined || !mayPresent(first.trusted, insecure)) return first
  return await viewServer(await openTls(target, { ...options, ...own }))
}

/**
 * Whether a server may see our certificate. Where it cannot be told (in TLS 1.2 a server that requires one breaks off before we know) it may, as with any client of Node;
 * nothing but the handshake follows then.
 */
export function mayPresent (trusted: boolean | undefined, insecure: boolean): boolean {
  return insecure || trusted !== false
}

async function viewServer (connection: TlsConnection): Promise<ServerView> {
  const view = readView(connection)
  await connection.close()
  return view
}

export function readView (connection: TlsConnection): ServerView {
  const { socket, address } = connection
  const facts = connection.facts()
  const code = socket === undefined || socket.authorized ? undefined : String(socket.authorizationError)
  return {
    certificates: certificatesOf(connection, facts),
    address,
    protocol: socket?.getProtocol() ?? undefined,
    cipher: socket?.getCipher().standardName,
    alpn: typeof socket?.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
    trusted: socket?.authorized,
    distrust: code === undefined ? undefined : describeDistrust(code),
    asksForCertificate: facts.asked,
    acceptedCas: describeAuthorities(facts.authorities),
    failure: connection.failure === undefined ? undefined : describeFailure(connection)
  }
}

/** As sent; where the messages could not be read, as Node tells: the leaf. */
function certificatesOf ({ socket }: TlsConnection, { certificates }: HandshakeFacts): readonly Uint8Array[] {
  if (certificates.length > 0) return certificates
  const leaf = socket?.getPeerX509Certificate()
  return leaf === undefined ? [] : [leaf.raw]
}
