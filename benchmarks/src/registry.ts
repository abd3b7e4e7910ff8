import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Every benchmark, in the order of docs/performance.md: NAME is the file src/NAME.ts. It exports `run` (benchmark.ts); one that does not is run for what it prints,
 * with ROUNDS, SECONDS and QUICK in its environment.
 */
const ALL: Readonly<Record<string, string>> = {
  'keep-alive': 'requests/s over kept-alive connections beside bare Fastify, hand-written hooks, Node alone and Express',
  gateways: 'beside nginx, HAProxy, Envoy, ghostunnel and stunnel in front of plain Fastify, end to end',
  connections: 'new connections of clients seen before and never seen, full and resumed, beside bare Fastify',
  strangers: 'what refusing a stranger costs, beside Node alone',
  insiders: 'what a client with a valid certificate can make a handshake cost',
  outbound: 'MtlsAgent beside a bare undici Agent, kept alive and with a connection for each request',
  'scale-clients': '1 to 100,000 clients in a rule set',
  'scale-routes': '1 to 10,000 routes with rules',
  'scale-connections': '1 to 10,000 open connections',
  'scale-authorities': '1 to 1,000 named authorities',
  crl: 'certificate revocation lists of 1,000 to 1,000,000 entries',
  forwarded: 'forwarded certificates of 1 to 100,000 different clients',
  'forwarded-first': 'the first request of a forwarded client, beside the least that it takes',
  rotation: 'rotation and revocation under load: when they take effect, what they cost, what is lost',
  'rotation-inbound': 'many rotations of a server under load',
  'rotation-soak': 'many rotations of a client under load',
  'cut-off': 'how soon a revoked client is cut off',
  verdict: 'what a remembered verdict costs',
  identity: 'parsing a certificate beside X509Certificate',
  'path-validation': 'validating certificate paths',
  monitor: 'what monitoring costs a request'
}

/** What each benchmark measures, by name. */
export const benchmarks: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(ALL).filter(([name]) => existsSync(fileOf(name))))

export function fileOf (name: string): string { return join(import.meta.dirname, `${name}.ts`) }
