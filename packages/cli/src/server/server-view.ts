import { readName } from '@peerkit/identity/x509'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision } from '@peerkit/trust'
import { describeUnreadableCa } from '../authorities/authority-files.ts'
import { openTls } from '../handshake/open-tls.ts'
import type { Target, TlsConnection } from '../handshake/open-tls.ts'
import type { Row } from '../output.ts'
import { nameRefused, summarizeDecision } from '../trust/decision.ts'
import { describeMatch, matchCa } from './ca-match.ts'
import type { CaMatch } from './ca-match.ts'
import { describeDistrust, describeFailure } from './describe-failure.ts'
import type { TlsArguments } from './tls-arguments.ts'

/** What a handshake shows about a server. */
export interface ServerView {
  readonly certificates: readonly Uint8Array[]
  readonly address: string | undefined
  readonly protocol: string | undefined
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  /** Whether OpenSSL and `@peerkit/trust` accept it. Undefined if the handshake failed before. */
  readonly trusted: boolean | undefined
  readonly distrust: string | undefined
  /** Whether its CA is in --ca, by key. Undefined without --ca, or without a certificate. */
  readonly ca: CaMatch | undefined
  /** The decision of `@peerkit/trust` about its chain. Undefined without --ca. */
  readonly chain: Decision | undefined
  readonly asksForCertificate: boolean | undefined
  /** The CAs that it says it accepts, as RFC 4514 text. Empty if it names none. */
  readonly acceptedCas: readonly string[]
  readonly failure: string | undefined
}

/**
 * Connects, and a second time with the client certificate if there is one and the server may see it. Returns the last
 * view.
 */
export async function inspectServer (target: Target, tls: TlsArguments): Promise<ServerView> {
  const { options, own, insecure, anchors } = tls
  const first = await viewServer(await openTls(target, options), anchors)
  if (own === undefined || !mayPresent(first.trusted, insecure)) return first
  return await viewServer(await openTls(target, { ...options, ...own }), anchors)
}

/**
 * Whether a server may see the client certificate. If the trust is unknown, it may, as with any client on Node: in TLS
 * 1.2 a server that requires a certificate ends the handshake before the trust is known. No request is sent then.
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
 * Adds the decision of `@peerkit/trust`. A server that it refuses is not trusted, even if OpenSSL accepts it or the
 * handshake failed before OpenSSL verified it.
 */
export async function readTrust (view: ServerView, anchors: readonly Uint8Array[]): Promise<ServerView> {
  const chain = await checkServerChain(view.certificates, anchors)
  const ca = matchCa(view.certificates, anchors)
  if (chain?.accepted !== false || view.trusted === false) return { ...view, ca, chain }
  return { ...view, ca, chain, trusted: false, distrust: summarizeDecision(chain, Date.now()) }
}

export function readView (connection: TlsConnection): ServerView {
  const { socket, address, certificates } = connection
  const facts = connection.facts()
  const code = socket === undefined || socket.authorized ? undefined : String(socket.authorizationError)
  return {
    // Those that Node read. If the handshake failed before, those of its messages.
    certificates: certificates.length > 0 ? certificates : facts.certificates,
    address,
    protocol: socket?.getProtocol() ?? undefined,
    cipher: socket?.getCipher().standardName,
    alpn: typeof socket?.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
    trusted: socket?.authorized,
    distrust: code === undefined ? undefined : describeDistrust(code),
    ca: undefined,
    chain: undefined,
    asksForCertificate: facts.asked,
    acceptedCas: describeAuthorities(facts.authorities),
    failure: connection.failure === undefined ? undefined : describeFailure(connection)
  }
}

/**
 * Verifies a server's chain with `@peerkit/trust`, as `MtlsAgent` of @peerkit/undici-mtls does.
 *
 * @param certificates as sent, the leaf first
 * @param anchors the certificates of `--ca`; unreadable ones are ignored, as by OpenSSL
 * @returns undefined if the server sent no certificate, or without a CA
 */
async function checkServerChain (
  certificates: readonly Uint8Array[], anchors: readonly Uint8Array[]
): Promise<Decision | undefined> {
  const [leaf, ...sent] = certificates
  const ca = anchors.filter((der) => describeUnreadableCa(der) === undefined)
  if (leaf === undefined || ca.length === 0) return undefined
  const trust = createTrustEvaluator({ authorities: () => [{ name: 'default', ca }], purpose: 'serverAuth' })
  return await trust.evaluate(leaf, { sent })
}

/** Converts names of CAs from DER to RFC 4514 text. */
function describeAuthorities (names: readonly Uint8Array[]): string[] {
  return names.map((name) => {
    try {
      return String(readName(name))
    } catch {
      return `a name that cannot be parsed (${name.length} bytes)`
    }
  })
}

/**
 * Whether a server is trusted: by OpenSSL, by its CA and by `@peerkit/trust`.
 *
 * @param trust the name of `--ca`
 * @param unknown what to say if the trust is unknown; default nothing
 */
export function describeTrusted (
  { trusted, distrust, ca, chain }: Pick<ServerView, 'trusted' | 'distrust' | 'ca' | 'chain'>,
  trust: string,
  unknown?: string
): readonly Row[] {
  return [
    ['trusted', trusted === undefined ? unknown : trusted ? `yes, by ${trust}` : `no, by ${trust}: ${distrust}`],
    ['its CA', describeMatch(ca, trust, trusted)],
    ['chain', chain === undefined ? undefined : summarizeDecision(chain, Date.now())],
    ['refused', chain === undefined || chain.accepted ? undefined : nameRefused(chain)]
  ]
}

/** Whether a server requests a client certificate, and of which CAs. @param none what to say if it names none */
export function describeAsking (
  { asksForCertificate: asks, acceptedCas }: Pick<ServerView, 'asksForCertificate' | 'acceptedCas'>, none: string
): readonly Row[] {
  const asking = asks === true ? 'requested' : 'not requested'
  return [
    ['client certificate', asks === undefined ? 'unknown: the handshake could not be read' : asking],
    ['accepted CAs', asks !== true ? undefined : acceptedCas.length === 0 ? none : acceptedCas]
  ]
}
