import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { decodeCertificates } from '../files/certificate-file.ts'
import type { OwnFiles } from '../files/certificate-file.ts'
import { openTls } from '../handshake/open-tls.ts'
import type { OpenTlsOptions, Target } from '../handshake/open-tls.ts'
import { readPresented } from '../inspect/certificate.ts'
import { describeFailure } from '../server/describe-failure.ts'
import { mayPresent, readTrust, readView } from '../server/server-view.ts'
import type { ServerView } from '../server/server-view.ts'
import type { TlsArguments } from '../server/tls-arguments.ts'
import { askServer } from './probe-request.ts'
import type { ProbeAnswer } from './probe-request.ts'

const VERSIONS = ['TLSv1.3', 'TLSv1.2'] as const

/** A handshake, and a request if the handshake succeeded. */
export interface ProbeRun {
  /** Why the handshake failed. */
  readonly failure: string | undefined
  /** Undefined if no request was sent. */
  readonly answer: ProbeAnswer | undefined
}

export interface VersionFound {
  readonly version: typeof VERSIONS[number]
  /** Whether the server sent its certificate, even if it refused the client then. */
  readonly spoken: boolean
  readonly cipher: string | undefined
  readonly alpn: string | undefined
  readonly failure: string | undefined
}

export interface OwnFound {
  readonly subject: string
  /** Whether the server names a CA of the client's chain. Undefined if it names none. */
  readonly issuerAccepted: boolean | undefined
  /** Undefined if the certificate was not sent, because the server is not trusted. */
  readonly run: ProbeRun | undefined
}

export interface Probed {
  readonly target: string
  readonly server: Omit<ServerView, 'certificates'> & { readonly identity: PeerIdentity | undefined }
  readonly versions: readonly VersionFound[]
  readonly withoutCertificate: ProbeRun
  readonly own: OwnFound | undefined
  /** Whether a session was resumed, and the answer on it. */
  readonly resumption: { readonly reused: boolean, readonly answer: ProbeAnswer | undefined } | undefined
  /** Whether a trusted server answered with a status other than 401 and 403. */
  readonly accepted: boolean
}

interface Run extends ProbeRun {
  readonly view: ServerView
  readonly session: Buffer | undefined
  readonly reused: boolean
}

/** Finds out what a server requires of clients and why it refuses this one. */
export async function probeServer (target: Target, tls: TlsArguments): Promise<Probed> {
  const { options, own, insecure, anchors } = tls
  const way = { insecure, anchors }
  const plain = await runOnce(target, options, way)
  const presented = own !== undefined && mayPresent(plain.view.trusted, insecure) && plain.view.address !== undefined
    ? own
    : undefined
  const withOwn = presented === undefined ? undefined : await runOnce(target, { ...options, ...presented }, way)
  const last = own === undefined ? plain : withOwn
  // A handshake that failed without a certificate shows less than one that succeeded.
  const { certificates, ...view } = withOwn !== undefined && withOwn.view.trusted !== undefined
    ? { ...withOwn.view, asksForCertificate: plain.view.asksForCertificate ?? withOwn.view.asksForCertificate }
    : plain.view
  const best = { ...options, ...presented }
  return {
    target: target.authority,
    server: { ...view, identity: certificates[0] === undefined ? undefined : readPresented(certificates[0]).peer },
    versions: plain.view.address === undefined ? [] : await findVersions(target, best),
    withoutCertificate: { failure: plain.failure, answer: plain.answer },
    own: own === undefined ? undefined : describeOwn(own, view.acceptedCas, withOwn),
    resumption: last === undefined || last.failure !== undefined || last.answer?.status === undefined
      ? undefined
      : await resume(target, best, last, way),
    accepted: view.trusted === true &&
      last?.answer?.status !== undefined &&
      last.answer.status !== 401 &&
      last.answer.status !== 403
  }
}

/** The trusted CAs of a run, and whether it sends requests to untrusted servers. */
type Way = Pick<TlsArguments, 'insecure' | 'anchors'>

async function runOnce (target: Target, options: OpenTlsOptions, { insecure, anchors }: Way): Promise<Run> {
  const connection = await openTls(target, options)
  const reused = connection.socket?.isSessionReused() ?? false
  // A resumed session shows only the leaf, which was checked before.
  const before = reused ? readView(connection) : await readTrust(readView(connection), anchors)
  const asks = connection.socket !== undefined && (insecure || before.trusted === true)
  const answer = asks ? await askServer(connection, target, options.timeout) : undefined
  const { session } = connection
  const failure = connection.failure === undefined ? undefined : describeFailure(connection)
  await connection.close()
  return { view: before, failure, answer, session, reused }
}

/** Without a session from the server there is nothing to resume. */
async function resume (
  target: Target,
  options: OpenTlsOptions,
  { session }: Run,
  way: Way
): Promise<Probed['resumption']> {
  if (session === undefined) return { reused: false, answer: undefined }
  const { reused, answer } = await runOnce(target, { ...options, session }, way)
  return { reused, answer: reused ? answer : undefined }
}

async function findVersions (target: Target, options: OpenTlsOptions): Promise<VersionFound[]> {
  const found: VersionFound[] = []
  for (const version of VERSIONS) {
    const connection = await openTls(target, { ...options, version })
    const { cipher, alpn, certificates } = readView(connection)
    found.push({
      version,
      spoken: certificates.length > 0,
      cipher,
      alpn,
      failure: connection.failure === undefined
        ? undefined
        : describeFailure(connection)
    })
    await connection.close()
  }
  return found
}

function describeOwn ({ cert }: OwnFiles, acceptedCas: readonly string[], run: Run | undefined): OwnFound {
  const [leaf, ...chain] = decodeCertificates(Buffer.from(cert), '--cert').map((der) => parsePeerIdentity(der))
  const issuers = [leaf, ...chain].map((peer) => String(peer?.issuer))
  return {
    subject: String(leaf),
    issuerAccepted: acceptedCas.length === 0 ? undefined : issuers.some((issuer) => acceptedCas.includes(issuer)),
    run: run === undefined ? undefined : { failure: run.failure, answer: run.answer }
  }
}
