// The certificates and the app that every real gateway is tried with.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import type { FastifyServerOptions } from 'fastify'
import { after } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import type { ForwardedReaderOptions } from '@peerkit/forwarded'
import { decodePem } from '@peerkit/identity'
import { createPathValidator } from '@peerkit/trust'
import { compileRules } from '@peerkit/rules'

/** How the gateway reaches the app, and so how the app knows it. */
export type Way = 'mutual TLS' | 'address' | 'Unix socket'
export const ways: readonly Way[] = ['mutual TLS', 'address', 'Unix socket']

export const folder: string = mkdtempSync(join(tmpdir(), 'peerkit-gateway-'))
export const certs: string = join(folder, 'certs')
mkdirSync(certs)
after(() => { rmSync(folder, { recursive: true, force: true }) })

const day = 86_400_000
// The clients' CA is the gateway's business alone; the app trusts the CA of the mesh, which its gateway is of.
const clientsCa = await createDevCa({ name: 'Clients CA' })
const intermediate = await clientsCa.intermediate({ name: 'Clients CA 2' })
const meshCa = await createDevCa({ name: 'Mesh CA' })
const otherCa = await createDevCa({ name: 'Clients CA' })
const o = 'Example'

export const clients = {
  billing: await clientsCa.issue({ cn: 'billing', o, ou: 'billing', profile: 'client' }),
  intern: await clientsCa.issue({ cn: 'intern', o, ou: 'interns', profile: 'client' }),
  deep: await intermediate.issue({ cn: 'deep', o, ou: 'billing', profile: 'client' }),
  tricky: await clientsCa.issue({ o: ['Müller, Söhne & Co;KG', o], ou: ['ops', 'billing, CN=admin'], cn: 'a+b=c/CN=admin', profile: 'client', uri: 'spiffe://td/x', dns: 'a.example' }),
  stranger: await otherCa.issue({ cn: 'billing', o, ou: 'billing', profile: 'client' }),
  expired: await clientsCa.issue({ cn: 'billing', o, ou: 'billing', profile: 'client', notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) })
} satisfies Record<string, IssuedCertificate>
export type ClientName = keyof typeof clients

/** A service of the mesh that is no gateway, and so must not forward. */
export const neighbour: IssuedCertificate = await meshCa.issue({ cn: 'neighbour', profile: 'client' })
const gateway = await meshCa.issue({ cn: 'gateway', dns: 'localhost', ip: '127.0.0.1' })
const own = await meshCa.issue({ cn: 'app', dns: 'localhost', ip: '127.0.0.1' })
export const meshRoot: string = meshCa.root
const anchors = decodePem(clientsCa.root)
const anchorsAndIntermediates = decodePem(clientsCa.root + intermediate.certificate)

/** For a gateway that asks for a certificate and looks at none: the app validates. Where the gateway passes on the leaf alone, the app has to know the intermediates. */
export function inProcess (format: Format['format'], { leafAlone = false }: { leafAlone?: boolean } = {}): Format {
  return { format, verification: 'in-process', validator: createPathValidator({ anchors: () => leafAlone ? anchorsAndIntermediates : anchors }) } as Format
}

for (const [name, text] of Object.entries({
  'gateway.crt': gateway.chain, 'gateway.key': gateway.key, 'gateway.pem': gateway.chain + gateway.key, 'mesh-ca.crt': meshCa.root, 'clients-ca.crt': clientsCa.root
})) writeFileSync(join(certs, name), text, { mode: 0o600 })
for (const [name, { chain, key }] of Object.entries(clients)) {
  writeFileSync(join(certs, `${name}.crt`), chain)
  writeFileSync(join(certs, `${name}.key`), key, { mode: 0o600 })
}

export interface App {
  /** `127.0.0.1:1234`, or the path of a Unix socket. */
  readonly address: string
  /** How many requests have reached it. */
  readonly requests: () => number
  close (): Promise<void>
}

export type Format = Pick<ForwardedReaderOptions, 'format'> & Partial<ForwardedReaderOptions>

/** Starts the app that believes one gateway. */
export async function startApp (way: Way, format: Format): Promise<App> {
  const credentials = memoryCredentials({ cert: own.chain, key: own.key, ca: meshCa.root })
  const gateways = way === 'mutual TLS' ? { identity: compileRules([{ cn: 'gateway' }]) } : way === 'address' ? { addresses: ['127.0.0.1'] } : { unixSocket: true }
  const forwarded = { gateways, ...format }
  const app = Fastify(way === 'mutual TLS' ? mtlsServerOptions(credentials) as FastifyServerOptions : {})
  await app.register(fastifyMtls, { forwarded })
  await app.register(fastifyAllowedClients)
  app.get('/who', { config: { allowedClients: [{ o }] } }, async ({ peer }) => ({
    fingerprint: peer.fingerprint256, source: peer.source, via: peer.via.map(({ subject }) => subject?.commonName), cn: peer.subject?.values('CN'), o: peer.subject?.values('O'), ou: peer.subject?.values('OU')
  }))
  app.get('/billing', { config: { allowedClients: [{ ou: 'billing' }] } }, async () => 'billed')
  app.get('/admin', { config: { allowedClients: [{ cn: 'admin' }, { ou: 'admin' }] } }, async () => 'all yours')
  let count = 0
  const onRequest = (message: unknown): void => { if ((message as { server: object }).server === app.server) count += 1 }
  subscribe('http.server.request.start', onRequest)
  const socket = join(folder, `app-${Math.random().toString(36).slice(2)}.sock`)
  await app.listen(way === 'Unix socket' ? { path: socket } : { port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    address: way === 'Unix socket' ? socket : `127.0.0.1:${port}`,
    requests: () => count,
    close: async () => {
      await app.close()
      unsubscribe('http.server.request.start', onRequest)
      await credentials.close()
    }
  }
}
