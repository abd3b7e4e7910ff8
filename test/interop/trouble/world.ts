import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa, type DevCa, type IssueOptions } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'

/** What is wrong between a client and a service. */
export type Fault =
  | 'none' | 'no certificate' | 'unknown CA' | 'expired' | 'not yet valid' | 'revoked' | 'wrong purpose' | 'no rule'
  | 'server unknown' | 'host name'

export interface Service {
  readonly port: number
  /** The reason of the next refusal, or of the first that nobody has taken yet. */
  nextReason (): Promise<string>
  /** The codes of handshakes that failed without a refusal: the client ended them. */
  readonly failedCodes: ReadonlySet<string>
  close (): Promise<void>
}

export interface World {
  /** The folder of a client with a fault: `ca.pem`, and `cert.pem` with `key.pem` if it has a certificate. */
  folderOf (fault: Fault): string
  /** The folder of the service, with the same files. */
  readonly server: string
  /** Starts the service, for clients of the unit billing. */
  serve (maxVersion?: 'TLSv1.2'): Promise<Service>
}

const HOUR = 3_600_000
const hours = (count: number): Date => new Date(Date.now() + count * HOUR)
const CERTIFICATES: Readonly<Record<Exclude<Fault, 'no certificate'>, IssueOptions>> = {
  none: {},
  'unknown CA': {},
  expired: { notBefore: hours(-2), notAfter: hours(-1) },
  'not yet valid': { notBefore: hours(1), notAfter: hours(2) },
  revoked: {},
  'wrong purpose': { profile: 'server' },
  'no rule': { ou: 'interns' },
  'server unknown': {},
  'host name': {}
}

/** A CA, and for each fault the files of a client that has it, in `parent`. */
export async function makeWorld (parent: string): Promise<World> {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other CA' })]
  const folderOf = (fault: Fault): string => join(parent, fault.replaceAll(' ', '-'))
  for (const [fault, options] of Object.entries(CERTIFICATES) as Array<[Fault, IssueOptions]>) {
    const issuer = fault === 'unknown CA' ? other : ca
    const issued = await issuer.issue({ cn: 'alice', ou: 'billing', profile: 'client', ...options })
    if (fault === 'revoked') ca.revoke(issued)
    write(folderOf(fault), fault === 'server unknown' ? other : ca, issued)
  }
  write(folderOf('no certificate'), ca)
  const issued = await ca.issue({ cn: 'ledger', dns: 'localhost', profile: 'server' })
  const server = join(parent, 'server')
  write(server, ca, issued)
  const { pem: crl } = await ca.crl()
  const serve = async (maxVersion?: 'TLSv1.2'): Promise<Service> => {
    const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root, crl })
    const app = Fastify(withMtls(credentials, { mtls: maxVersion === undefined ? {} : { maxVersion } }))
    await app.register(fastifyMtls, { closeCredentials: true })
    await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
    app.get('/', { config: { allowedClients: 'billing' } }, async ({ peer }) => ({ hello: peer.commonName }))
    await app.listen({ host: 'localhost', port: 0 })
    const { port } = app.server.address() as { port: number }
    return { port, ...watch(), close: async () => { await app.close() } }
  }
  return { folderOf, server, serve }
}

function watch (): Pick<Service, 'nextReason' | 'failedCodes'> {
  const reasons: string[] = []
  const failedCodes = new Set<string>()
  const told = new EventTarget()
  const listener = (message: unknown): void => {
    const { reason, code = '' } = message as { reason: string, code?: string }
    // A client that ends the handshake may do so after its call has failed: this may come late.
    if (reason === 'protocol') {
      failedCodes.add(code)
      return
    }
    reasons.push(reason)
    told.dispatchEvent(new Event('reason'))
  }
  for (const channel of ['peerkit:handshake:refused', 'peerkit:request:denied']) subscribe(channel, listener)
  return {
    failedCodes,
    nextReason: async () => {
      if (reasons.length === 0) await once(told, 'reason')
      // Some clients try again by themselves.
      return reasons.splice(0)[0]!
    }
  }
}

function write (folder: string, { root }: DevCa, issued?: { readonly chain: string, readonly key: string }): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'ca.pem'), root)
  if (issued === undefined) return
  writeFileSync(join(folder, 'cert.pem'), issued.chain)
  writeFileSync(join(folder, 'key.pem'), issued.key, { mode: 0o600 })
}
