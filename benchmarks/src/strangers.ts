// What refusing a stranger costs, whatever it sends, compared with Node alone (`rejectUnauthorized`).
import type { Run } from './benchmark.ts'
import { MICROSECONDS, compareBeside } from './beside.ts'
import type { Contender, Situation } from './beside.ts'
import { forgeMany, forgeMaze } from './forge/attacks.ts'
import { hold, issueClient, makeAuthority, materialOf } from './forge/authority.ts'
import type { Authority, Holder } from './forge/authority.ts'
import {
  COMMON_NAME, extensionsOfCa, extensionsOfLeaf, makeKeys, writeCertificate, writeName
} from './forge/certificate.ts'
import type { Certificate } from './forge/certificate.ts'
import { nameOfMarks, tinyNames } from './forge/oversize.ts'
import { makeVisitor } from './load/visits.ts'
import type { Visitor } from './load/visits.ts'

const CONTENDERS: readonly Contender[] = [
  { key: 'bare', title: 'bare Node', kind: 'bare-node' },
  { key: 'again', title: 'another process (noise)', kind: 'bare-node', noise: true },
  { key: 'ours', title: 'with both plugins', kind: 'peerkit', options: { logged: true } }
]

export const run: Run = async ({ quick, rounds, seconds }) => {
  const count = quick ? 5 : Math.max(1, Math.round(seconds * 30))
  const root = makeAuthority('Benchmark CA')
  const material = materialOf(root)
  const enter = ({ chain, keys }: Holder): Visitor => makeVisitor({ ca: material.ca, chain, key: keys.pem })
  const friend = enter(issueClient(root))
  const nobody = makeVisitor({ ca: material.ca })
  const before = (): Visitor[] => Array.from({ length: quick ? 10 : 300 }, () => friend)
  const usual = { material, before, expected: 'refused' as const }
  const situations: Situation[] = [
    ...Object.entries(strangersOf(root)).map(([name, make]) => ({
      ...usual, name, visitors: () => Array.from({ length: count }, () => enter(make()))
    })),
    { ...usual, name: 'no certificate', visitors: () => Array.from({ length: count }, () => nobody) }
  ]
  const notes = [
    'Each certificate is used once. TLS 1.3. With the plugins, log lines go to a stream that discards them.',
    `${2 * rounds} rounds of ${count} connections.`
  ]
  const plan = { unit: MICROSECONDS, contenders: CONTENDERS, situations, rounds: 2 * rounds, notes }
  return [await compareBeside({ title: 'Refusing a stranger', ...plan })]
}

/** Each call makes another certificate. */
function strangersOf (ours: Authority): Readonly<Record<string, () => Holder>> {
  const unknown = makeAuthority('Unknown CA')
  const middle = makeAuthority('Unknown intermediate CA', unknown)
  const namesake: Authority = { ...makeAuthority('Namesake'), name: ours.name }
  const keys = makeKeys()
  const names = tinyNames()
  const withUnknown = [middle.certificate, unknown.certificate]
  const leaf = (subject: Uint8Array, alternative: readonly Uint8Array[] = []): Certificate => writeCertificate({
    subject,
    issuer: unknown.name,
    keys,
    signer: unknown.keys.signer,
    extensions: extensionsOfLeaf('client', keys, unknown.keys, alternative)
  })
  return {
    'leaf of an unknown CA': () => issueClient(unknown),
    'leaf, intermediate and root of an unknown CA': () => issueClient(middle, withUnknown),
    'leaf, sent with 90 other certificates': () => issueClient(unknown, forgeMany(90)),
    'leaf of 70 KB: 20,000 DNS names': () => hold(leaf(writeName([COMMON_NAME, 'many names']), names), keys),
    'subject of 60 KB of combining marks': () => hold(leaf(nameOfMarks(60_000, 'a')), keys),
    'leaf of 90 CAs that issued each other, half of them with our CA\'s name': () => {
      return issueClient(unknown, forgeMaze(unknown.name, ours.name, unknown.keys))
    },
    'leaf of a CA with our CA\'s name and another key': () => issueClient(namesake, [namesakeCertificate(namesake)])
  }
}

function namesakeCertificate ({ name, keys }: Authority): Certificate {
  return writeCertificate({ subject: name, issuer: name, keys, signer: keys.signer, extensions: extensionsOfCa(keys) })
}
