// How expensive a client with a valid certificate can make a handshake by what it sends, compared with bare Fastify.
import type { Run } from './benchmark.ts'
import { MILLISECONDS, compareBeside } from './beside.ts'
import type { Contender, Situation } from './beside.ts'
import { attacksOf } from './forge/attacks.ts'
import { issueClient, makeAuthority, materialOf } from './forge/authority.ts'
import type { Authority } from './forge/authority.ts'
import type { Certificate } from './forge/certificate.ts'
import { loadVisits, makeVisitor } from './load/visits.ts'
import type { Visitor } from './load/visits.ts'

const CONTENDERS: readonly Contender[] = [
  { key: 'bare', title: 'bare Fastify', kind: 'bare' },
  { key: 'again', title: 'another process (noise)', kind: 'bare', noise: true },
  { key: 'ours', title: 'with both plugins', kind: 'peerkit' }
]

export const run: Run = async ({ quick, rounds, seconds }) => {
  const count = quick ? 2 : Math.max(1, Math.round(seconds * 10))
  const root = makeAuthority('Benchmark CA')
  const intermediate = makeAuthority('Benchmark intermediate CA', root)
  const material = materialOf(root)
  const enter = (issuer: Authority, sent: readonly Certificate[]): Visitor => {
    const { chain, keys } = issueClient(issuer, sent)
    return makeVisitor({ ca: material.ca, chain, key: keys.pem })
  }
  const honest = (): Visitor => enter(intermediate, [intermediate.certificate])
  const friend = honest()
  const usual = { material, before: () => Array.from({ length: quick ? 10 : 300 }, () => friend) }
  const many = (make: () => Visitor): Visitor[] => Array.from({ length: count }, make)
  const attacks = Object.entries(attacksOf(root, intermediate)).map(([name, { issuer, send }]) => {
    return { name, come: () => many(() => enter(issuer, send())) }
  })
  const situations: Situation[] = [
    { ...usual, name: 'only its intermediate', expected: 'answered', visitors: () => many(honest) },
    ...attacks.map(({ name, come }) => ({ ...usual, name, visitors: come })),
    {
      ...usual,
      name: 'an honest client, after all of these',
      expected: 'answered',
      async visitors (port) {
        for (const { come } of attacks) await loadVisits(port, come())
        return many(honest)
      }
    }
  ]
  const notes = [`Each forged certificate is used once. TLS 1.3. ${rounds} rounds of ${count} connections.`]
  const plan = { unit: MILLISECONDS, contenders: CONTENDERS, situations, rounds, notes }
  return [await compareBeside({ title: 'What an insider adds to a handshake', ...plan })]
}
