// Chains drawn by lot, with name constraints, policies, mappings and lengths in every CA: OpenSSL and we say the same
// of each.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodePem } from '@peerkit/identity'
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { element, rdnName, text } from '@peerkit/test-support/der'
import {
  CLIENT_AUTH, DIGITAL_SIGNATURE, NOW, Party, SERVER_AUTH, altNames, basicConstraints, dns, inhibitAny, keyUsage,
  mappings, nameConstraints, policies, policyConstraints, purposes
} from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'
import { validate } from './support/validate.ts'

const run = promisify(execFile)
const ROUNDS = rounds(120)
const SEED = seedOf(77)
const NAMES = [
  dns('a.example.com'), dns('example.com'), dns('*.example.com'), dns('b.org'), text(0x86, 'spiffe://a.example.com/x'),
  text(0x86, 'https://b.org/'), text(0x81, 'joe@example.com'),
  text(0x81, 'joe@a.example.com'), element(0x87, Buffer.from([10, 1, 2, 3])), element(0x87, Buffer.from([11, 1, 2, 3])),
  element(0xa4, rdnName('O=Acme, OU=x')), element(0xa4, rdnName('O=Other'))
]
const BASES = [
  dns('example.com'), dns('a.example.com'), dns('b.org'), text(0x86, '.example.com'), text(0x86, 'a.example.com'),
  text(0x81, 'example.com'), text(0x81, '.example.com'), text(0x81, 'joe@example.com'),
  element(0x87, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0])), element(0xa4, rdnName('O=Acme')), element(0xa4, rdnName('CN=client'))
]
const ANY_POLICY = '2.5.29.32.0'
const POLICIES = ['1.2.3.1', '1.2.3.2', ANY_POLICY]
const SUBJECTS = ['O=Acme, CN=client', 'CN=client', 'O=Acme, CN=a.example.com', 'O=Other, CN=b.org']

let state = SEED
const below = (bound: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor(state / 0x1_0000_0000 * bound)
}
const pick = <Value>(list: readonly Value[]): Value => list[below(list.length)]!
const some = <Value>(list: readonly Value[], most: number): Value[] =>
  Array.from({ length: below(most + 1) }, () => pick(list))
const somePolicies = (): Extension => policies(...new Set([...some(POLICIES, 2), '1.2.3.1']))
const sometimes = (oneIn: number, make: () => Extension): Extension[] => below(oneIn) === 0 ? [make()] : []

const drawAuthority = (): Extension[] => [
  ...sometimes(3, () => basicConstraints(true, below(3))),
  ...sometimes(12, () => keyUsage(DIGITAL_SIGNATURE)),
  ...sometimes(8, () => purposes(pick([CLIENT_AUTH, SERVER_AUTH]))),
  ...sometimes(2, somePolicies),
  ...sometimes(3, () => ({ ...mappings([pick(POLICIES.slice(0, 2)), pick(POLICIES.slice(0, 2))]), critical: true })),
  ...sometimes(4, () => policyConstraints(below(3), pick([undefined, 0, 1]))),
  ...sometimes(5, () => inhibitAny(below(2))),
  ...sometimes(3, () => nameConstraints([pick(BASES), ...some(BASES, 1)], some(BASES, 1)))
]
const drawLeaf = (): Extension[] => [
  ...sometimes(2, () => altNames(pick(NAMES), ...some(NAMES, 2))), ...sometimes(2, somePolicies),
  ...sometimes(10, () => purposes(SERVER_AUTH))
]

test(`agrees with openssl verify on ${ROUNDS} chains drawn by lot, from seed ${SEED}`, async (t) => {
  const folder = t.testdir({})
  const root = new Party('O=Acme, CN=root')
  const anchor = root.root()
  const parties = ['A', 'B', 'C'].map((letter) => new Party(`O=Acme, CN=${letter}`))
  let believed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const line = parties.slice(0, below(4))
    const chain = line.map((party, index) => (line[index - 1] ?? root).certify(party, { extensions: drawAuthority() }))
    const leaf = (line.at(-1) ?? root).issue(pick(SUBJECTS), { extensions: drawLeaf() })
    const [requireExplicit, accepted] = [below(3) === 0, below(3) === 0 ? pick(POLICIES) : ANY_POLICY]
    const verdict = validate(leaf, chain, [anchor], { policies: { requireExplicit, accepted: [accepted] } })
    for (const [file, ders] of Object.entries({ root: [anchor], chain, leaf: [leaf] })) {
      writeFileSync(join(folder, file), ders.map((der) => encodePem(der)).join(''))
    }
    const said = await run('openssl', [
      'verify', '-attime', String(NOW / 1000), '-purpose', 'sslclient', '-policy_check', '-policy', accepted,
      ...(requireExplicit ? ['-explicit_policy'] : []), '-CAfile', join(folder, 'root'),
      ...(chain.length > 0 ? ['-untrusted', join(folder, 'chain')] : []), join(folder, 'leaf')
    ]).then(() => 'OK', (error: { stderr: string }) => error.stderr)
    if (verdict.valid) believed += 1
    if (verdict.valid !== (said === 'OK')) {
      t.fail(`round ${round}`, { verdict, said, certificates: [leaf, ...chain, anchor].map((der) => encodePem(der)) })
    }
  }
  t.ok(believed > ROUNDS / 5 && believed < ROUNDS * 4 / 5, `${believed} believed`)
})
