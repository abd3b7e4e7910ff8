import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Every benchmark, in the order of docs/performance.md. NAME is the file src/NAME.ts. It exports `run` (benchmark.ts).
 * If it does not, what it prints is the result, and it gets ROUNDS, SECONDS and QUICK in its environment.
 */
const ALL: Readonly<Record<string, string>> = {
  'keep-alive':
    'requests over keep-alive connections, compared with bare Fastify, hand-written hooks, Node and Express',
  gateways: 'compared with nginx, HAProxy, Envoy, ghostunnel and stunnel in front of plain Fastify, end to end',
  connections: 'new connections of known and new clients, full and resumed, compared with bare Fastify',
  strangers: 'what refusing a stranger costs, compared with Node alone',
  insiders: 'how expensive a client with a valid certificate can make a handshake',
  outbound: 'MtlsAgent compared with a bare undici Agent, with keep-alive and with a connection for each request',
  'scale-clients': '1 to 1,000,000 clients in a rule set',
  'rules-reload': 'a rules file of 1,000 to 1,000,000 clients, replaced under a steady load',
  'scale-routes': '1 to 10,000 routes with rules',
  'scale-connections': '1 to 10,000 open connections',
  memories: 'a million clients: what is remembered of each, and the cost of one that is not',
  'scale-authorities': '1 to 1,000 named authorities',
  crl: 'certificate revocation lists of 1,000 to 1,000,000 entries',
  forwarded: 'forwarded certificates of 1 to 100,000 different clients',
  'forwarded-first': 'the first request of a forwarded client, compared with the minimum',
  rotation: 'rotation and revocation under load: when they take effect, what they cost, which requests are lost',
  'rotation-inbound': 'many rotations of a server under load',
  'rotation-soak': 'many rotations of a client under load',
  spiffe: 'X.509-SVIDs of the Workload API: push to first handshake, 200 trust domains, 1,000 rotations, beside files',
  renewal: 'how many of 1,000 instances call the issuer in one second, simulated',
  'hardware-keys': 'handshakes with a key in a token of SoftHSM2, compared with a key in memory',
  'cut-off': 'how soon a revoked client is cut off',
  verdict: 'what a remembered verdict costs',
  identity: 'parsing a certificate, compared with X509Certificate',
  'path-validation': 'validating certificate paths',
  monitor: 'what monitoring costs for each request',
  loading: 'what importing the packages costs'
}

/** What each benchmark measures, by name. */
export const benchmarks: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ALL).filter(([name]) => existsSync(fileOf(name)))
)

export function fileOf (name: string): string { return join(import.meta.dirname, `${name}.ts`) }
