import type { Decision } from '@peerkit/trust'
import { summarizeDecision } from './chain-decision.ts'
import { describeDistrust, describeFailure } from './describe-failure.ts'
import { describeAuthorities } from './describe-authorities.ts'
import { openTls } from './handshake/open-tls.ts'
import type { HandshakeFacts } from './handshake/read-handshake.ts'
import type { TlsConnection } from './handshake/open-tls.ts'
import { checkServerChain } from './server-chain.ts'
import type { Target } from './target.ts'
import type { TlsArguments } from './tls-arguments.ts'

/** What one handshake shows of a server. */
export interface ServerView {
  readonly certificates: readonly Uint8Array[]
  readonly address: string | undefined
  readonly protocol: string | undefined
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  /** Whether OpenSSL and the trust package both accept it. Undefined where the handshake did not come far enough. */
  readonly trusted: boolean | undefined
  readonly distrust: string | undefined
  /** What the trust package says of its chain. Undefined without --ca. */
  readonly chain: Decision | undefined
  readonly asksForCertificate: boolean | undefined
  /** The CAs it says it accepts, in RFC 4514; empty where it names none. */
  readonly acceptedCas: readonly string[]
  readonly failure: string | undefined
}

/** Connects, and once more with our certificate where there is one and the server may see it; what the last of them showed. */
export async function inspectServer (target: Target, tls: TlsArguments): Promise<ServerView> {
  const { options, own, insecure, anchors } = tls
  const first = await viewServer(await openTls(target, options), anchors)
  if (own === undefined || !mayPresent(first.trusted, insecure)) return first
  return await viewServer(await openTls(target, { ...options, ...own }), anchors)
}

/**
 * Whether a server may see our certificate. Where it cannot be told (in TLS 1.2 a server that requires one breaks off before we know) it may, as with any client of Node;
 * nothing but the handshake follows then.
 */
export function mayPresent (trusted: boolean | undefined, insecure: boolean): boolean {
  return insecure || trusted !== false
}

async function viewServer (connection: TlsConnection, anchors: readonly Uint8Array[]): Promise<ServerView> {
  const view = await readTrust(readView(connection), anchors)
  await connection.close()
  return view
}

/**
 * Adds what the trust package says. A server that it refuses is not trusted, whatever OpenSSL says, and also where the
 * handshake failed before OpenSSL could say anything.
 */
export async function readTrust (view: ServerView, anchors: readonly Uint8Array[]): Promise<ServerView> {
  const chain = await checkServerChain(view.certificates, anchors)
  if (chain?.accepted !== false || view.trusted === false) return { ...view, chain }
  return { ...view, chain, trusted: false, distrust: summarizeDecision(chain, Date.now()) }
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
    chain: undefined,
    asksForCertificate: facts.asked,
    acceptedCas: describeAuthorities(facts.authorities),
    failure: connection.failure === undefined ? undefined : describeFailure(connection)
  }
}

/** As Node read them; where the handshake failed before that, as its messages say. */
function certificatesOf ({ certificates }: TlsConnection, facts: HandshakeFacts): readonly Uint8Array[] {
  return certificates.length > 0 ? certificates : facts.certificates
}
