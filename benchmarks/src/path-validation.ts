// Validating the chain root, CA, leaf that a gateway forwarded without verifying it: by a new validator, by one that
// knows the CA, and by one that knows the chain. Compared with Node's X509Certificate, which checks only the signatures
// and issuer names of the same chain.
import { createDevCa, type KeyType } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { createPathValidator, type PathValidator } from '@peerkit/trust'
import { crlChecker } from '@peerkit/revocation'
import { X509Certificate } from 'node:crypto'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'

const METRICS: readonly Metric[] = [{ key: 'us', title: 'µs a chain', ratio: true }]
const LEAVES = 200

export const run: Run = async ({ quick, rounds }) => {
  const sections: Comparison[] = []
  for (const key of ['ec-p256', 'rsa-2048'] as const) sections.push(await measure(key, quick, rounds))
  return sections
}

async function measure (key: KeyType, quick: boolean, rounds: number): Promise<Comparison> {
  const root = await createDevCa({ name: 'Benchmark root', key })
  const ca = await root.intermediate({ name: 'Benchmark CA', key })
  const leaves = await Promise.all(Array.from({ length: quick ? 5 : LEAVES }, async (_, index) => {
    return (await ca.issue({ profile: 'client', cn: `client-${index}`, spiffe: `spiffe://prod.example/${index}` })).der
  }))
  const revocation = crlChecker({
    crls: [(await root.crl()).der, (await ca.crl()).der],
    issuers: [root.der, ca.der].map((der) => parsePeerIdentity(der))
  })
  const trust = { anchors: () => [root.der], generation: () => 1 }
  const fresh = (): PathValidator => createPathValidator({ ...trust, cacheSize: 0 })
  const [warm, listed, remembering] = [
    fresh(), createPathValidator({ ...trust, revocation, cacheSize: 0 }), createPathValidator(trust)
  ]
  const [chain, anchor] = [[ca.der], new X509Certificate(root.der)]
  const contenders = [
    {
      name: 'X509Certificate: issuers and signatures only',
      measure: async () => time(leaves, (leaf) => verifyByNode(leaf, ca.der, anchor))
    },
    {
      name: 'a new validator, including reading its anchor',
      measure: async () => time(leaves, (leaf) => fresh().validate(leaf, chain))
    },
    {
      name: 'a new leaf of a CA that is remembered',
      measure: async () => time(leaves, (leaf) => warm.validate(leaf, chain))
    },
    { name: 'the same, with CRLs', measure: async () => time(leaves, (leaf) => listed.validate(leaf, chain)) },
    {
      name: 'a chain that is remembered',
      measure: async () => time(leaves, (leaf) => remembering.validate(leaf, chain), quick ? 1 : 50)
    }
  ]
  await compare('Warm-up', METRICS, contenders, 2)
  return await compare(
    `${key}, leaf P-256, ${leaves[0]!.length + ca.der.length} octets`, METRICS, contenders, 2 * rounds
  )
}

function verifyByNode (leaf: Uint8Array, issuer: Uint8Array, anchor: X509Certificate): boolean {
  const [client, ca] = [new X509Certificate(leaf), new X509Certificate(issuer)]
  return client.checkIssued(ca) && client.verify(ca.publicKey) && ca.checkIssued(anchor) && ca.verify(anchor.publicKey)
}

function time (leaves: readonly Uint8Array[], validate: (leaf: Uint8Array) => unknown, times = 1): { us: number } {
  const start = performance.now()
  for (let turn = 0; turn < times; turn += 1) for (const leaf of leaves) validate(leaf)
  return { us: (performance.now() - start) / leaves.length / times * 1000 }
}
