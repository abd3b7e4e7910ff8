import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import type { Test } from 'tap'
import type { SpiffeCredentialsOptions } from '../../src/index.ts'
import { startHarness } from '../../../../test/interop/spiffe-conformance/start-harness.ts'
import type { Harness } from '../../../../test/interop/spiffe-conformance/start-harness.ts'
import { startAgent } from '../support/agent.ts'
import type { Agent } from '../support/agent.ts'
import type { ResponseFields, SvidFields } from '../support/messages.ts'
import { TrustDomain, stayAlive } from '../support/world.ts'

/** What the public suite calls its trust domains. */
export const TRUST_DOMAIN = 'test.example.org'
export const FEDERATED = 'fed.example.org'

/** A certificate with its key, as a peer presents it. */
export interface Identity {
  /** The leaf, then its intermediates. */
  readonly chain: string
  readonly key: string
}

/** What the X.509 port presented, and what it said of us. */
export interface Probe {
  readonly presented: readonly X509Certificate[]
  readonly ids: readonly string[]
  /** Whether its chain leads to the roots of the suite. */
  readonly trusted: boolean
  /** The line that it wrote. */
  readonly line: string
}

export type Role = 'server' | 'client'
export const ROLES: readonly Role[] = ['server', 'client']

/**
 * Drives the harness as the public suite does: a Workload API with a fake agent, probes of the X.509 port, and servers
 * that the harness dials.
 */
export class Suite {
  readonly agent: Agent
  readonly domain: TrustDomain
  readonly harness: Harness
  readonly #probe: Identity
  /** Roots by which what the harness presents is verified. */
  readonly #roots: string[]
  #barriers = 0

  constructor (agent: Agent, domain: TrustDomain, harness: Harness, probe: Identity) {
    this.agent = agent
    this.domain = domain
    this.harness = harness
    this.#probe = probe
    this.#roots = [domain.ca.root]
  }

  /** Starts an agent that gives `/default`, and the harness with nothing but the variable. */
  static async start (t: Test, options: Pick<SpiffeCredentialsOptions, 'clock' | 'random'> = {}): Promise<Suite> {
    stayAlive(t)
    const domain = await TrustDomain.make(TRUST_DOMAIN)
    const agent = await startAgent(t)
    agent.push({ svids: [await domain.svid('/default')] })
    const before = process.env['SPIFFE_ENDPOINT_SOCKET']
    process.env['SPIFFE_ENDPOINT_SOCKET'] = agent.address.replace('unix:', 'unix://')
    const harness = await startHarness(options)
    if (before === undefined) delete process.env['SPIFFE_ENDPOINT_SOCKET']
    else process.env['SPIFFE_ENDPOINT_SOCKET'] = before
    t.teardown(async () => { await harness.close() })
    return new Suite(agent, domain, harness, await domain.ca.issue({ spiffe: `spiffe://${TRUST_DOMAIN}/probe` }))
  }

  /** The suite trusts what this CA issued. */
  trust (root: string): void { this.#roots.push(root) }

  /** A peer of the suite's own CA. */
  async issue (id: string, options: object = {}): Promise<Identity> {
    return await this.domain.ca.issue({ spiffe: `spiffe://${TRUST_DOMAIN}${id}`, ...options })
  }

  /** Connects to the X.509 port. @throws an error if the connection fails, or closes without a line */
  async probe (identity: Identity = this.#probe): Promise<Probe> {
    const socket = connect({
      host: '127.0.0.1',
      port: this.harness.x509Port,
      cert: identity.chain,
      key: identity.key,
      ca: this.#roots,
      rejectUnauthorized: false,
      // A SPIFFE ID is no host name.
      checkServerIdentity: () => undefined
    })
    await once(socket, 'secureConnect')
    const trusted = socket.authorized
    const presented = chainOf(socket)
    let line = ''
    for await (const chunk of socket) line += String(chunk)
    if (!line.endsWith('\n')) throw new Error('the harness closed the connection and wrote no line')
    const ids = presented[0]?.subjectAltName?.match(/spiffe:[^,"]+/g) ?? []
    return { presented, ids, trusted, line: line.trim() }
  }

  /** Whether the harness accepts this peer. */
  async accepts (role: Role, identity: Identity): Promise<boolean> {
    if (role === 'client') return (await this.dial(identity)).code === 200
    try {
      return (await this.probe(identity)).line !== ''
    } catch {
      return false
    }
  }

  /** Lets the harness connect to a server with this identity. */
  async dial (identity: Identity): Promise<{ code: number, body: Record<string, string>, client: string | undefined }> {
    let client: string | undefined
    const server = createServer({ cert: identity.chain, key: identity.key, ca: this.#roots, requestCert: true })
    server.on('secureConnection', (socket) => {
      client = socket.getPeerX509Certificate()?.subjectAltName
      socket.on('error', () => {}).end()
    }).on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await this.control('/v1/x509/dial', { address: `127.0.0.1:${port}` })
    await new Promise((resolve) => { server.close(resolve) })
    return { ...answer, client }
  }

  async control (path: string, body: unknown, method = 'POST'): Promise<{ code: number, body: Record<string, string> }> {
    const response = await fetch(`http://127.0.0.1:${this.harness.controlPort}${path}`, {
      method,
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { 'content-type': 'application/json', connection: 'close' }
    })
    return { code: response.status, body: await response.json() as Record<string, string> }
  }

  /** Pushes a response, and waits until its first SVID is presented. What came before it on the stream was read. */
  async pushAndWait (response: ResponseFields): Promise<Probe> {
    const [first] = response.svids as readonly SvidFields[]
    this.agent.push(response)
    return await this.presents(first?.spiffeId as string)
  }

  /** Pushes a response that is to be refused, and waits until it is. */
  async pushRefused (response: ResponseFields): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    subscribe('peerkit:credentials:refused', resolve)
    this.agent.push(response)
    await promise
    unsubscribe('peerkit:credentials:refused', resolve)
  }

  /** The barrier: a new SVID, with these bundles. */
  async barrier (more: { bundle?: Uint8Array, federatedBundles?: Record<string, Uint8Array> } = {}): Promise<Probe> {
    const { bundle, ...rest } = more
    const svid = await this.domain.svid(`/barrier-${this.#barriers += 1}`)
    return await this.pushAndWait({ svids: [{ ...svid, ...(bundle !== undefined && { bundle }) }], ...rest })
  }

  /** Probes until the harness presents an ID. Each probe goes through `check`. */
  async presents (id: string, check: (probe: Probe) => void = () => {}): Promise<Probe> {
    for (;;) {
      const probe = await this.probe()
      if (probe.ids.includes(id)) return probe
      check(probe)
    }
  }

  /** The peers of another trust domain, from its own CA. */
  static async peer (domain: TrustDomain, path: string): Promise<Identity> {
    return await domain.ca.issue({ spiffe: `spiffe://${domain.name}${path}` })
  }
}

/** The certificates that a server sent, the leaf first. */
function chainOf (socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let one = socket.getPeerX509Certificate(); one !== undefined; one = one.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === one?.fingerprint256)) break
    chain.push(one)
  }
  return chain
}
