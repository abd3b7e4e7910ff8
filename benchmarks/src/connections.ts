// New connections, each with one request: of a known client, of new clients, and with resumed sessions.
import type { SecureVersion } from 'node:tls'
import type { Run } from './benchmark.ts'
import { PER_CPU_SECOND, compareBeside } from './beside.ts'
import type { Contender, Situation } from './beside.ts'
import { issueClient, makeAuthority, materialOf } from './forge/authority.ts'
import type { Authority, Holder } from './forge/authority.ts'
import { makeVisitor, withSession } from './load/visits.ts'
import type { Visitor } from './load/visits.ts'
import { mintMaterial } from './world.ts'

const CONTENDERS: readonly Contender[] = [
  { key: 'bare', title: 'bare Fastify', kind: 'bare' },
  { key: 'again', title: 'another process (noise)', kind: 'bare', noise: true },
  { key: 'ours', title: 'with both plugins', kind: 'peerkit' },
  { key: 'express', title: 'Express with client-certificate-auth', kind: 'express' }
]
const SESSIONS = 100

export const run: Run = async ({ quick, rounds, seconds }) => {
  // Many short measurements, so that other work of the machine affects all contenders alike.
  const count = quick ? 20 : Math.max(1, Math.round(seconds * 100))
  const root = makeAuthority('Benchmark CA')
  const intermediate = makeAuthority('Benchmark intermediate CA', root)
  const situations = [
    ...situationsOf(root, root, count, 'TLSv1.3'),
    ...situationsOf(root, intermediate, count, 'TLSv1.3'),
    ...situationsOf(root, intermediate, count, 'TLSv1.2'),
    await seenWithRsa(count)
  ]
  const notes = [
    `Never seen: each certificate is used once. Resumed: ${SESSIONS} clients in turn, each with its own session.`,
    `${2 * rounds} rounds of ${count} connections.`
  ]
  const plan = { unit: PER_CPU_SECOND, contenders: CONTENDERS, situations, rounds: 2 * rounds, notes }
  return [await compareBeside({ title: 'New connections', ...plan })]
}

function situationsOf (root: Authority, issuer: Authority, count: number, version: SecureVersion): Situation[] {
  const about = `${issuer === root ? 'no' : 'an'} intermediate, ${version.replace('v', ' ')}`
  const material = materialOf(root)
  const enter = ({ chain, keys }: Holder): Visitor => makeVisitor({ ca: material.ca, chain, key: keys.pem, version })
  const issue = (): Visitor => enter(issueClient(issuer, issuer === root ? [] : [issuer.certificate]))
  const issueMany = (many: number): Visitor[] => Array.from({ length: many }, issue)
  const known = issue()
  const before = (): Visitor[] => [...repeat(known, 2 * count), ...issueMany(count)]
  const usual = { material, before, ...issuer !== root && { without: ['express'] } }
  const sessions = new Map<number, Visitor[]>()
  return [
    {
      ...usual,
      name: `full handshake, seen before, ${about}`,
      expected: 'answered',
      visitors: () => repeat(known, count)
    },
    {
      ...usual,
      name: `full handshake, never seen, ${about}`,
      expected: 'answered',
      visitors: () => issueMany(count)
    },
    {
      ...usual,
      name: `resumed, ${about}`,
      expected: 'resumed',
      async visitors (port) {
        const kept = sessions.get(port) ?? await fetchSessions(port, issueMany(Math.min(SESSIONS, count)))
        sessions.set(port, kept)
        return Array.from({ length: count }, (_, index) => kept[index % kept.length] as Visitor)
      }
    }
  ]
}

/** Of the other usual kind of key. */
async function seenWithRsa (count: number): Promise<Situation> {
  const material = await mintMaterial('rsa-2048')
  const known = makeVisitor({ ca: material.ca, chain: material.client.cert, key: material.client.key })
  return {
    name: 'full handshake, seen before, no intermediate, TLS 1.3, RSA-2048',
    material,
    expected: 'answered',
    before: () => repeat(known, 2 * count),
    visitors: () => repeat(known, count)
  }
}

async function fetchSessions (port: number, visitors: readonly Visitor[]): Promise<Visitor[]> {
  const kept: Visitor[] = []
  for (const visitor of visitors) kept.push(await withSession(port, visitor))
  return kept
}

function repeat (visitor: Visitor, count: number): Visitor[] { return Array.from({ length: count }, () => visitor) }
