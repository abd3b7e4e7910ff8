import type { PeerIdentity } from '@peerkit/identity'
import { describe, expect, test } from 'tstyche'
import { compileGroups, compileRules, explain } from '@peerkit/rules'
import type {
  AllowRule, Authorizer, CompiledGroups, Explanation, Groups, Predicate, RuleAuthority, RuleSet, Verdict
} from '@peerkit/rules'

interface Request { readonly url: string }

describe('AllowRule', () => {
  test('takes every key, one value or several', () => {
    expect<AllowRule>().type.toBeAssignableFrom({
      cn: 'a',
      o: ['a', 'b'],
      ou: ['a'] as const,
      dns: '*.x',
      uri: 'urn:a',
      spiffe: 'spiffe://td',
      trustDomain: ['td', 'te'],
      email: 'a@b',
      ip: ['10.0.0.0/8']
    })
    expect<AllowRule>().type.toBeAssignableFrom({
      issuer: { cn: 'CA', O: ['a'], '2.5.4.15': 'x', emailaddress: 'y' },
      serialNumber: '01',
      fingerprint: 'ab',
      publicKey: ['ab'],
      policy: '1.2.3',
      extendedKeyUsage: '1.2'
    })
    expect(compileRules).type.toBeCallableWith([{
      upn: 'a@b',
      otherName: [{ oid: '1.2.3' }, { oid: '1.2.3', value: ['a', 5, { octets: '00' }] }],
      directoryName: { o: 'a' },
      registeredId: '1.2.3',
      keyUsage: ['digitalSignature'],
      qualified: { type: 'web', psd2: { roles: ['PSP_AI', '1.2.3'], authority: 'DE-BAFIN' } },
      admission: { profession: 'a', registrationNumber: ['1'] },
      extension: { oid: '1.2.3', critical: true, value: { time: '2027-03-15T00:00:00Z' } },
      subject: { organizationIdentifier: [{ type: 'PSD', country: 'DE' }, 'VATDE-1'] }
    }])
    expect<AllowRule>().type.toBeAssignableFrom({ authority: ['a'], via: { authority: 'a' }, not: { authority: 'c' } })
    expect<AllowRule>().type.toBeAssignableFrom({
      subject: ['CN=a', { organizationalUnit: 'b' }],
      via: [{ cn: 'gw', not: { ou: 'old' } }],
      not: [{ cn: 'a' }, { not: { via: { cn: 'b' } } }]
    })
  })

  test('takes a value of the request in place of a text', () => {
    expect<AllowRule>().type.toBeAssignableFrom({
      cn: { param: 'id' }, dns: ['a', { header: 'x-host' }], subject: { o: { query: 'tenant' } }, via: { cn: { param: 'g' } }
    })
    expect(compileRules).type.toBeCallableWith([{
      trustDomain: ['td', { param: 'id' }],
      upn: { param: 'id' },
      registeredId: { query: 'id' },
      directoryName: [{ header: 'x' }, { cn: { param: 'id' } }],
      subject: { organizationIdentifier: [{ type: 'VAT' }, { param: 'id' }] }
    }])
    expect<AllowRule>().type.not.toBeAssignableFrom({ keyUsage: { param: 'id' } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ qualified: { type: { param: 'id' } } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ extension: { oid: '1.2.3', value: { param: 'id' } } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ subject: { organizationIdentifier: { number: { param: 'id' } } } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: { param: 'id', query: 'id' } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: { cookie: 'id' } })
  })

  test('takes a period, except within another rule', () => {
    expect<AllowRule>().type.toBeAssignableFrom({ cn: 'a', validFrom: '2027-01-01', validUntil: '2027-02-01T12:00:00Z' })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: 'a', not: { cn: 'b', validUntil: '2027-01-01' } })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: 'a', validUntil: 1 })
  })

  test('refuses a misspelt key', () => {
    expect<AllowRule>().type.not.toBeAssignableFrom({ spifffe: 'spiffe://td' })
    expect(compileRules).type.not.toBeCallableWith([{ cnn: 'a' }])
    expect(compileRules).type.not.toBeCallableWith([{ cn: 'a', orgnization: 'b' }])
    expect(compileRules).type.not.toBeCallableWith([{ cn: 'a', not: { uo: 'b' } }])
    expect(compileRules).type.not.toBeCallableWith([{ subject: { comonName: 'b' } }])
    expect(compileRules).type.not.toBeCallableWith([{ qualified: { type: 'website' } }])
    expect(compileRules).type.not.toBeCallableWith([{ qualified: { psd2: { role: 'PSP_AI' } } }])
    expect(compileRules).type.not.toBeCallableWith([{ keyUsage: 'signing' }])
    expect(compileRules).type.not.toBeCallableWith([{ extension: { value: 'a' } }])
    expect(compileRules).type.not.toBeCallableWith([{ subject: { o: { type: 'PSD' } } }])
    expect(compileRules).type.not.toBeCallableWith([{ via: { via: { cn: 'b' } } }])
    expect(compileRules).type.not.toBeCallableWith([{ cn: 'a' }], { grops: {} })
    expect(compileRules).type.not.toBeCallableWith([{ cn: 'a' }], { groups: { a: { cnn: 'a' } } })
  })

  test('refuses an unknown key beside known ones, where the error stands at the key', () => {
    // @ts-expect-error Object literal may only specify known properties
    compileRules([{ cn: 'a', orgnization: 'b' }])
    // @ts-expect-error Object literal may only specify known properties
    const rules: RuleSet = [{ cn: 'a', name: 'b' }]
    // @ts-expect-error Object literal may only specify known properties
    const more: RuleSet<'ops'> = ['ops', { cn: 'a', length: 1 }]
    expect(rules).type.toBe<RuleSet>()
    expect(more).type.toBe<RuleSet<'ops'>>()
  })

  test('refuses values of other types, undefined above all', () => {
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: 1 })
    expect<AllowRule>().type.not.toBeAssignableFrom({ serialNumber: 1, issuer: 'CN=a' })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: undefined })
    expect<AllowRule>().type.not.toBeAssignableFrom({} as { cn: string | undefined })
    expect<AllowRule>().type.not.toBeAssignableFrom({ not: 'group' })
    expect<AllowRule>().type.not.toBeAssignableFrom({ cn: /a/ })
    expect<AllowRule>().type.not.toBeAssignableFrom({ not: (peer: PeerIdentity) => peer.isCa === true })
  })
})

describe('RuleSet', () => {
  test('holds rules, names of groups and predicates', () => {
    expect<RuleSet<'ops' | 'billing', Request>>().type.toBeAssignableFrom([
      'ops' as const, { cn: 'a' }, (peer: PeerIdentity, request: Request) => request.url === peer.spiffeId,
      async () => true
    ])
    expect<RuleSet<'ops'>>().type.not.toBeAssignableFrom(['opps'])
    expect<RuleSet>().type.toBeAssignableFrom(['any'])
    expect<RuleSet>().type.toBeAssignableFrom({ cn: 'a' })
    expect<RuleSet>().type.not.toBeAssignableFrom({ nc: 'a' })
    expect<RuleSet>().type.toBeAssignableFrom('any')
    expect<RuleSet<'ops'>>().type.not.toBeAssignableFrom('opps')
    expect<RuleSet>().type.toBeAssignableFrom(() => true)
    expect<RuleSet>().type.not.toBeAssignableFrom(() => 'yes')
    expect<RuleSet>().type.not.toBeAssignableFrom([() => 'yes'])
    expect<RuleSet>().type.not.toBeAssignableFrom([1])
    expect<RuleSet>().type.toBeAssignableFrom([{ cn: 'a' }] as const)
  })

  test('a predicate gets the peer and the request that its app has', () => {
    expect<Parameters<Predicate<Request>>>().type.toBe<[peer: PeerIdentity, request: Request]>()
    expect<ReturnType<Predicate>>().type.toBe<boolean | Promise<boolean>>()
  })
})

describe('compileRules', () => {
  test('infers the names of groups from the groups', () => {
    const groups = { ops: { ou: 'ops' }, billing: [{ ou: 'billing' }, 'ops'] } satisfies Groups
    expect(compileRules(['ops', 'billing'], { groups })).type.toBe<Authorizer>()
    expect(compileRules(['ops'], { groups: { ops: { ou: 'ops' } } })).type.toBe<Authorizer>()
    expect(compileRules<'ops' | 'billing'>).type.not.toBeCallableWith(['biling'], { groups })
    expect(compileGroups(groups)).type.toBe<CompiledGroups<'ops' | 'billing'>>()
    expect(compileRules(['ops'], { groups: compileGroups(groups) })).type.toBe<Authorizer>()
    // @ts-expect-error Did you mean '"ops"'?
    compileRules(['opps'], { groups: compileGroups(groups) })
    // @ts-expect-error Did you mean '"ops"'?
    compileRules([{ cn: 'a' }, 'opps'], { groups })
  })

  test('takes rules read from JSON once they are called rules', () => {
    expect(compileRules(JSON.parse('[]') as RuleSet)).type.toBe<Authorizer>()
  })

  test('takes the authorities that are known', () => {
    const one: RuleAuthority = { name: 'a', vouchesFor: (kind) => kind === 'dns', mayClaim: () => undefined }
    const authorities: readonly RuleAuthority[] = [one]
    expect(compileRules([{ authority: 'a' }], { authorities })).type.toBe<Authorizer>()
    expect(compileGroups({ a: { authority: 'a' } }, { authorities, path: 'clients' })).type.toBe<CompiledGroups<'a'>>()
    expect(compileRules).type.not.toBeCallableWith([{ authority: 'a' }], { authorities: ['a'] })
  })

  test('answers with a verdict, or a promise of one', () => {
    expect<ReturnType<Authorizer['authorize']>>().type.toBe<Verdict | Promise<Verdict>>()
    const verdict = {} as Verdict
    if (verdict.allowed) expect(verdict.rule).type.toBe<number>()
    else {
      expect(
        verdict.reason
      ).type.toBe<
        'no_identity' | 'no_match' | 'incomplete_identity' | 'incomplete_request' | 'predicate_refused' | 'predicate_failed'
      >()
    }
    expect(explain([{ cn: 'a' }], undefined)).type.toBe<Explanation>()
  })
})
