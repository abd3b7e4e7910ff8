// Rules are checked in a worker against authorities that crossed the thread as data. Both must answer alike.
import { createDevCa } from '@peerkit/dev-ca'
import type { ClaimKind } from '@peerkit/identity'
import { test } from 'tap'
import { memoryTrust, ruleAuthoritiesOf } from '../src/index.ts'
import type { RuleAuthority } from '../src/index.ts'
import { awaitTrustDomains, describeRuleAuthorities, isTrustDomain, readRuleAuthorities } from '../src/internal.ts'
import type { AwaitedTrustDomains } from '../src/internal.ts'

const KINDS: readonly ClaimKind[] = [
  'subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'
]

/** Of every kind one inside and one outside of the bounds below, and what rules say of many names. */
const VALUES = [
  '2.5.4.10=Partner', '2.5.4.10=Other', '2.5.4.11=Billing', 'spiffe://partner.example', 'spiffe://partner.example/a/*',
  'spiffe://partner.example/ns/b/**', 'spiffe://other.example/a', 'partner.example', '*.partner.example', 'a.partner.example',
  'other.example', 'https://partner.example/a', 'https://other.example', 'urn:example:a', 'a@partner.example',
  'a@b.partner.example', 'a@other.example', '10.1.2.3', '10.1.0.0/16', '192.0.2.1', '2001:db8::1', '1.2.3', '1.2.4',
  'type=web', 'type=esign', 'roles=PSP_AI', 'authority=DE-BAFIN', 'profession=1.2.276.0.76.4.50',
  'registrationNumber=1', '', '/', 'spiffe://', 'spiffe:///a', 'spiffe://OTHER/a'
]

/** For each kind no bound, `any`, and bounds. */
const BOUNDS = {
  spiffe: ['any', ['spiffe://partner.example/ns', 'spiffe://third.example']],
  dns: ['any', 'partner.example'],
  uri: ['any', ['https://partner.example', 'urn:example:']],
  email: ['any', ['partner.example', '.partner.example']],
  ip: ['any', ['10.0.0.0/8', '2001:db8::/32']],
  upn: ['any', 'partner.example'],
  policy: ['any', '1.2.3'],
  registeredId: ['any', '1.2.3'],
  qualified: ['any', { type: 'web', roles: ['PSP_AI'], authority: 'DE-BAFIN' }],
  admission: ['any', { profession: '1.2.276.0.76.4.50' }],
  extension: ['any', ['1.2.3']],
  subject: ['any', { o: 'Partner' }, [{ o: 'Partner' }, { o: ['Other', 'Third'], ou: 'Billing' }]]
}

/** Every answer of an authority to every question. */
function answersOf ({ name, only, awaits, vouchesFor, mayClaim }: RuleAuthority): unknown {
  return {
    name,
    only,
    awaits: awaits && VALUES.concat('partner.example', 'third').map((value) => awaits(value)),
    kinds: KINDS.map((kind) => [kind, vouchesFor(kind), VALUES.map((value) => mayClaim(kind, value))])
  }
}

/** As a worker gets them. */
function cross (authorities: readonly RuleAuthority[]): readonly RuleAuthority[] {
  return readRuleAuthorities(structuredClone(describeRuleAuthorities(authorities)!))
}

test('authorities answer alike on both sides of a thread, for each kind and bound', async (t) => {
  const ca = await createDevCa()
  const all = Object.entries(BOUNDS).flatMap(([kind, bounds]) => bounds.map((bound) => ({ [kind]: bound })))
  for (const names of ['any' as const, {}, ...all, Object.fromEntries(Object.entries(BOUNDS).map(([kind, bounds]) => [kind, bounds[1]]))]) {
    for (const use of ['clients', 'servers', 'both'] as const) {
      const { current } = memoryTrust({ authorities: { partner: { ca: ca.root, names: names as never, for: use } } })
      for (const side of ['clients', 'servers'] as const) {
        const given = ruleAuthoritiesOf(current, side)
        t.same(cross(given).map(answersOf), given.map(answersOf), `${JSON.stringify(names)} for ${use}, asked by ${side}`)
      }
    }
  }
})

test('trust domains that a source may add are described, as they are when they are described', async (t) => {
  const trust = memoryTrust({ ca: (await createDevCa()).root })
  let list: AwaitedTrustDomains = []
  const mayAdd = awaitTrustDomains({ mayAdd: (name) => list === 'any' || list.includes(name), list: () => list })
  const given = ruleAuthoritiesOf(trust.current, 'clients', { mayAdd })
  for (list of ['any', [], ['partner.example'], ['partner.example', 'OTHER', 'third']] as const) {
    t.same(cross(given).map(answersOf), given.map(answersOf), JSON.stringify(list))
  }
  t.same(['partner.example', 'OTHER', 'spiffe://partner.example', 'a/b', ''].map(isTrustDomain), [true, false, false, false, false])
})

test('what only a function knows is not described', async (t) => {
  const trust = memoryTrust({ ca: (await createDevCa()).root })
  t.equal(describeRuleAuthorities(ruleAuthoritiesOf(trust.current, 'clients', { mayAdd: () => true })), undefined)
  const [own] = ruleAuthoritiesOf(trust.current, 'clients')
  t.equal(describeRuleAuthorities([own!, { name: 'x', vouchesFor: () => true, mayClaim: () => true }]), undefined)
  t.same(describeRuleAuthorities([]), [])
  t.throws(() => readRuleAuthorities([{ name: 'a', names: { dns: 5 } as never }]), { message: /authorities\.a\.names\.dns/ })
  const source: { mayAdd?: (name: string) => boolean } = { mayAdd: () => true }
  const given = ruleAuthoritiesOf(trust.current, 'clients', source)
  delete source.mayAdd
  t.same(cross(given).map(answersOf), given.map(answersOf), 'a source that adds nothing any more')
})
