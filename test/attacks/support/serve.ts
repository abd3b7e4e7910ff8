import { X509Certificate } from 'node:crypto'
import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { memoryCredentials } from '@peerkit/credentials'
import type { CheckOptions, CredentialMaterial, MemoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import type { FastifyMtlsOptions, MtlsServerOptions } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import type { Presented } from './dial.ts'

export interface Test { teardown (task: () => unknown): void }

export interface ServeOptions {
  readonly material: CredentialMaterial & CheckOptions
  readonly settings?: MtlsServerOptions
  readonly forwarded?: FastifyMtlsOptions['forwarded']
  setup? (app: FastifyInstance<any, any, any, any>): void
}

export interface Served {
  readonly app: FastifyInstance<any, any, any, any>
  readonly credentials: MemoryCredentials
  readonly port: number
}

const base64 = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('base64')

/** Who called and by which chain, the leaf first: what the route of every server here answers. */
export function describeCaller (peer: PeerIdentity): { cn: string | undefined, path: string[] } {
  return { cn: peer.subject?.commonName, path: [peer, ...(peer.chain ?? [])].map(({ raw }) => base64(raw)) }
}

/** A server of the suite that listens, and that says who called. */
export async function serve (t: Test, { material, settings = {}, forwarded, setup }: ServeOptions): Promise<Served> {
  const credentials = memoryCredentials(material)
  const app: FastifyInstance<any, any, any, any> = Fastify(mtlsServerOptions(credentials, settings as any) as any)
  t.teardown(async () => {
    await app.close()
    await credentials.close()
  })
  await app.register(fastifyMtls, { ...(forwarded !== undefined && { forwarded }) })
  app.get('/', async ({ peer }: any) => describeCaller(peer))
  setup?.(app)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, credentials, port: (app.server.address() as AddressInfo).port }
}

/** A server that is Node's own, and asks for no certificate: what the suite calls. */
export async function serveNode (t: Test, presented: Presented): Promise<number> {
  const server = createServer(presented, (_request, response) => { response.end('{}') })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

const judged = new Map<string, string | undefined>()

/**
 * What is wrong with a path that a server showed for its caller: undefined where each certificate was signed by the
 * next one and the last is an anchor.
 *
 * @param path base64 of DER, the leaf first
 * @param anchors PEM
 */
export function findForgery (path: readonly string[], anchors: readonly string[]): string | undefined {
  const key = [...path, ...anchors].join()
  if (!judged.has(key)) judged.set(key, judgePath(path, anchors))
  return judged.get(key)
}

function judgePath (path: readonly string[], anchors: readonly string[]): string | undefined {
  const certificates = path.map((der) => new X509Certificate(Buffer.from(der, 'base64')))
  if (certificates.length < 2) return 'no chain was shown'
  for (const [index, certificate] of certificates.entries()) {
    const issuer = certificates[index + 1]
    const isSigned = issuer === undefined || certificate.verify(issuer.publicKey)
    if (!isSigned) return `link ${index + 1} of the chain is not signed`
  }
  const isAnchored = anchors.some((anchor) => new X509Certificate(anchor).raw.toString('base64') === path.at(-1))
  return isAnchored ? undefined : 'the chain ends at no anchor'
}

/**
 * The truth about revocation, as a responder tells it; a client that brings an issuer of its own making gets that one's
 * answer.
 */
export class Responder {
  epoch = 1
  readonly #issuers: readonly string[]
  readonly #policy: 'soft' | 'hard'
  readonly #revoked = new Set<string>()
  readonly #listeners = new Set<() => void>()

  /** @param issuers the CAs that there are, by their keys (base64 of the SubjectPublicKeyInfo) */
  constructor (issuers: readonly string[], policy: 'soft' | 'hard') {
    this.#issuers = issuers
    this.#policy = policy
  }

  revoke (serials: readonly Uint8Array[]): void {
    for (const serial of serials) this.#revoked.add(Buffer.from(serial).toString('hex'))
    this.epoch += 1
    for (const listener of this.#listeners) listener()
  }

  /** It answers after a while, as over a network: what TLS had to say is said by then. */
  async check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): Promise<any> {
    for (let turn = 0; turn < 3; turn += 1) await setImmediate()
    if (issuer?.raw === undefined) return { state: 'unknown', why: 'issuer_unknown' }
    const key = new X509Certificate(issuer.raw).publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    // The forger's own key signs whatever the forger likes.
    if (!this.#issuers.includes(key)) return { state: 'good', source: 'ocsp', until: Infinity }
    const revoked = this.#revoked.has(String(certificate.serialNumber).toLowerCase())
    if (revoked) return { state: 'revoked', source: 'ocsp', reason: undefined, revokedAt: undefined }
    return { state: 'good', source: 'ocsp', until: Infinity }
  }

  permits (status: { readonly state: string }): boolean {
    return status.state === 'good' || (status.state === 'unknown' && this.#policy === 'soft')
  }

  subscribe (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async close (): Promise<void> {}
}
