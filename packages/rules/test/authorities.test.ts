import { test } from 'tap'
import type { ClaimKind } from '@peerkit/identity'
import { compileGroups, compileRules } from '../src/index.ts'
import type { AllowRule, RuleAuthority, RuleInvalidError } from '../src/index.ts'

type Bounds = Partial<Record<ClaimKind, 'any' | readonly string[] | undefined>>

/** What all names start with that a rule's value stands for. Ranges of these tests are of one octet. */
function literalPart (value: string): string {
  return value.split('*', 1)[0]!.replace(/0\.0\.0\/8$/, '')
}

/** An authority that vouches for the kinds it has bounds of: for all values, or for those that start with some text. */
function authority (name: string, bounds: Bounds): RuleAuthority {
  return {
    name,
    vouchesFor: (kind) => kind in bounds,
    mayClaim: (kind, value) => {
      const bound = bounds[kind]
      return bound === 'any' || bound === undefined
        ? undefined
        : bound.some((text) => {
          return value.startsWith(text) || (literalPart(value) !== value && text.startsWith(literalPart(value)))
        })
    },
  }
}

const ANY: Bounds = { subject: 'any', spiffe: 'any', dns: 'any', uri: 'any', email: 'any', ip: 'any', policy: 'any' }
const internal = authority('internal', ANY)
const partner = authority('partner', { spiffe: ['spiffe://partner'], dns: ['partner.example', 'api.'] })
const other = authority('other', ANY)

const error = (rule: AllowRule, authorities: readonly RuleAuthority[]): RuleInvalidError => {
  try { compileRules([rule], { path: 'r', authorities }) } catch (error) { return error as RuleInvalidError }
  throw new Error(`nothing was thrown: ${JSON.stringify(rule)}`)
}
const warnings = (rule: AllowRule, authorities: readonly RuleAuthority[]): readonly string[] => {
  return compileRules([rule], { path: 'r', authorities }).warnings
}

test('refuses an authority that is not known, wherever it stands', async (t) => {
  const rules: [AllowRule, string][] = [
    [{ authority: 'partnr' }, 'r[0].authority'], [{ authority: ['internal', 'partnr'] }, 'r[0].authority[1]'],
    [{ authority: 'internal', not: { authority: 'partnr' } }, 'r[0].not.authority'],
    [{ via: { authority: 'partnr' } }, 'r[0].via.authority'],
  ]
  for (const [rule, path] of rules) {
    const { code, reason, message } = error(rule, [internal, partner])
    t.match({ code, reason }, { code: 'MTLS_ERR_RULE_INVALID', reason: 'unknown_authority' })
    const expected = 'the name of an authority, "internal" or "partner"'
    t.equal(message, `Invalid rule: ${path}: found "partnr", expected ${expected}; did you mean "partner"?`)
  }
  const many = Array.from({ length: 12 }, (_, i) => authority(`a${i}`, ANY))
  t.match(error({ authority: 'zzz' }, many).message, /"a0", .*"a9" or 2 more$/)
  const api = { ...authority('partner-api', ANY), only: 'servers' } as const
  t.equal(
    error({ authority: 'partner-api' }, [internal, api, partner]).message,
    'Invalid rule: r[0].authority: found "partner-api", ' +
      `expected ${'the name of an authority, "internal" or "partner"'}; ` +
    'authority "partner-api" vouches for servers only'
  )
  t.same(warnings({ dns: 'api.x' }, [internal, api]), [], 'and it is no rival')
  t.match(error({ email: 'a@b' }, [partner, api]), { reason: 'never_matches' }, 'nor does it satisfy a rule')
  t.doesNotThrow(
    () => compileRules([{ authority: 'anything' }], { authorities: [api] }), 'where it is alone nothing is known'
  )
  t.match(
    error({ cn: 'a' }, [{ ...internal, only: 'both' as never }]),
    { reason: 'invalid_value', path: 'options.authorities[0].only' }
  )
  t.doesNotThrow(() => compileRules([{ authority: 'anything' }]), 'without the option nothing is known')
})

test('refuses a rule that no authority can satisfy, and says why', async (t) => {
  const narrow = authority('narrow', { subject: ['2.5.4.10=Narrow'], dns: ['narrow.example'], ip: ['10.'] })
  const message = (rule: AllowRule, ...authorities: RuleAuthority[]): string => {
    const { reason, message } = error(rule, authorities)
    t.equal(reason, 'never_matches', JSON.stringify(rule))
    return message.replace('Invalid rule: ', '')
  }
  t.equal(
    message({ ou: 'billing' }, partner),
    'r[0].ou: found "billing", expected a rule that peers of some authority can match; authority "partner" does not ' +
      'vouch for subject'
  )
  t.equal(message({ ou: 'billing', authority: 'partner' }, internal, partner),
    'r[0].ou: found "billing", expected a rule that peers of the authority that it names can match; ' +
    'authority "partner" does not vouch for subject')
  t.equal(message({ spiffe: 'spiffe://prod.example/a', authority: 'partner' }, internal, partner),
    'r[0].spiffe: found "spiffe://prod.example/a", expected a rule that peers of the authority that it names ' +
      'can match; ' +
    'authority "partner" may not claim spiffe "spiffe://prod.example/a"')
  t.equal(message({ spiffe: 'spiffe://partner/a', dns: 'x.example' }, partner, narrow),
    'r[0]: found "spiffe, dns", expected a rule that peers of some authority can match; ' +
    'authority "partner" may not claim dns "x.example"; authority "narrow" does not vouch for spiffe')
  const blind = Array.from({ length: 5 }, (_, i) => authority(`a${i}`, {}))
  t.match(
    message({ dns: 'x.example' }, ...blind, partner, narrow),
    /; authority "partner" may not claim dns "x.example"; authority "narrow" may not claim dns "x.example"; authority "a0" does not vouch for dns; and 4 more like these$/,
    'who vouches for the kind is named first'
  )
  t.match(
    message(
      { dns: 'x.example', not: [{ authority: 'internal' }, { authority: 'named', ou: 'x' }] },
      ...blind,
      authority('named', { dns: 'any' }),
      internal,
      partner
    ),
    /; authority "partner" may not claim dns "x.example"; authority "internal" is excluded by "not"; authority "named" does not vouch for subject, so "not" never matches; authority "a0" does not vouch for dns; and 4 more like these$/,
    'and each kind of flaw once'
  )
  t.match(
    message({ dns: ['a.example', 'b.example'] }, partner, narrow),
    /authority "partner" may not claim any value of dns; authority "narrow" may not claim any value of dns$/
  )
  t.match(
    message({ subject: { o: 'x', cn: 'y' } }, narrow),
    /r\[0\]\.subject: found an object, .* may not claim this subject$/
  )
  t.match(message({ subject: ['CN=a,O=x', 'O=y'] }, narrow), /^r\[0\]\.subject/)
  t.match(message({ o: 'x' }, narrow), /^r\[0\]\.o/)
  t.match(message({ ip: '192.0.2.1' }, narrow), /^r\[0\]\.ip/)
  t.match(message({ ip: '11.0.0.0/8' }, narrow), /may not claim ip "11\.0\.0\.0\/8"$/)
  t.match(
    message({ uri: 'https://b.example/*' }, authority('web', { uri: ['https://a.example/x'] })),
    /may not claim uri "https:\/\/b\.example\/\*"$/
  )
  t.match(
    message({ spiffe: 'spiffe://partner/pickp/*' }, authority('deep', { spiffe: ['spiffe://partner/pick/'] })),
    /^r\[0\]\.spiffe/
  )
  t.match(message({ uri: 'spiffe://td/x' }, narrow), /does not vouch for spiffe$/, 'a SPIFFE ID under uri is one')
  t.match(message({ uri: ['spiffe://td/x', 'https://a.example/'] }, narrow), /may not claim any value of uri$/)
  t.match(
    message({ policy: '1.2.3', email: 'a@b' }, narrow, partner),
    /does not vouch for email and policy; .*does not vouch for email and policy$/
  )
  t.match(message({ spiffe: 'spiffe://prod.example/**' }, partner), /^r\[0\]\.spiffe/)
  t.match(message({ spiffe: 'spiffe://prod.example' }, partner), /^r\[0\]\.spiffe/)
  t.match(message({ via: { ou: 'x' }, spiffe: 'spiffe://partner/a' }, partner), /^r\[0\]\.via\.ou/)
  t.match(
    message({ email: 'a@b' }, ...Array.from({ length: 5 }, (_, i) => authority(`a${i}`, {}))),
    /authority "a2" does not vouch for email; and 2 more like these$/
  )
})

test('takes a rule that some authority can satisfy with some value of each key', async (t) => {
  const narrow = authority(
    'narrow', { subject: ['2.5.4.10=Narrow'], dns: ['a.narrow.example'], uri: ['https://a.example/x'], ip: ['10.1.'] }
  )
  const rules: AllowRule[] = [
    { o: ['x', 'Narrow'] }, { subject: 'O=Narrow' }, { subject: [{ cn: 'x' }, { o: 'Narrow' }] },
    { subject: { o: ['x', 'Narrow'] } },
    { dns: '*.narrow.example' }, { uri: 'https://a.example/*' }, { ip: '10.0.0.0/8' }, { issuer: 'CN=x' },
    { fingerprint: 'ab'.repeat(32) },
    { extendedKeyUsage: '1.2.3' }, { o: 'Narrow', not: { dns: 'x' } }, { o: 'Narrow', not: { issuer: 'CN=x' } },
    { uri: ['https://a.example/x', 'spiffe://td/a'] }, { dns: 'a.narrow.example', not: { uri: 'https://b.example/' } },
    { cn: 'anyone', via: { o: 'Narrow' } }, { o: 'Narrow', not: { email: 'a@b', dns: 'x' } },
    { o: 'Narrow', not: { not: { email: 'a@b' } } },
  ]
  for (const rule of rules) t.doesNotThrow(() => compileRules([rule], { authorities: [narrow] }), JSON.stringify(rule))
  t.doesNotThrow(
    () => compileRules([{ uri: 'spiffe://partner/a', not: { uri: 'https://b.example/' } }], { authorities: [partner] })
  )
  t.doesNotThrow(() => compileRules([{ subject: 'CN=#1602c3bc' }], { authorities: [internal] }))
})

test('refuses a not that is never known to hold, and warns where it is only for some', async (t) => {
  const none = error({ spiffe: 'spiffe://partner/a', not: { ou: 'x' } }, [partner])
  t.match(none, { reason: 'never_matches', path: 'r[0].not' })
  t.match(none.message, /authority "partner" does not vouch for subject, so "not" never matches$/)
  t.match(
    error({ authority: 'partner', not: [{ dns: 'a' }, { ou: 'x', email: 'a@b' }] }, [internal, partner]).message,
    /does not vouch for subject and email, so "not"/
  )
  t.match(
    error({ dns: 'api.x', not: { authority: 'partner' } }, [partner]).message,
    /authority "partner" is excluded by "not"$/
  )
  t.same(warnings({ dns: 'api.x', not: { ou: 'x' } }, [internal, partner]),
    ['r[0].not: peers of authority partner never match, because it does not vouch for the names in "not"'])
  t.same(warnings({ dns: 'api.x', not: { authority: 'partner', ou: 'x' } }, [internal, partner]),
    ['r[0].not: peers of authority partner never match, because it does not vouch for the names in "not"'])
  t.same(
    warnings({ dns: 'elsewhere.example', not: { ou: 'x' } }, [internal, partner]), [],
    'partner cannot have such a name anyway'
  )
  t.same(warnings({ dns: 'api.x', not: { authority: 'partner' } }, [internal, partner]), [], 'that is what it says')
  t.same(warnings({ dns: 'api.x', authority: 'internal', not: { ou: 'x' } }, [internal, partner]), [])
  t.same(warnings({ dns: 'api.x', not: { ou: 'x', authority: 'internal' } }, [internal, partner]),
    ['r[0]: matches dns only, which authorities internal and partner may both claim; add "authority"'])
  const poor = Array.from({ length: 5 }, (_, i) => authority(`p${i}`, { dns: 'any' }))
  t.match(
    warnings({ dns: 'a', not: { ou: 'x' } }, [internal, ...poor]),
    [/^r\[0\]\.not: peers of authorities p0, p1, p2 and others never match, because they do not/]
  )
  t.match(
    warnings({ dns: 'a', not: { ou: 'x' } }, [internal, ...poor.slice(3)]),
    [/^r\[0\]\.not: peers of authorities p3 and p4 never match/]
  )
})

test('warns of a rule that several authorities may satisfy, for every key', async (t) => {
  const rules: AllowRule[] = [
    { cn: 'a' }, { o: 'a' }, { ou: 'a' }, { subject: 'CN=a' }, { subject: { o: 'a' } }, { dns: 'a' }, { dns: '*.a' },
    { uri: 'urn:a:b' },
    { uri: 'https://a/*' },
    { spiffe: 'spiffe://td/a' }, { spiffe: 'spiffe://td' }, { email: 'a@b' }, { ip: '10.0.0.1' }, { ip: '10.0.0.0/8' },
    { policy: '1.2.3' },
    { extendedKeyUsage: '1.2.3' },
  ]
  for (const rule of rules) {
    const [key] = Object.keys(rule)
    t.same(
      warnings(rule, [internal, other]),
      [`r[0]: matches ${key} only, which authorities internal and other may both claim; add "authority"`]
    )
    t.same(warnings({ ...rule, authority: 'internal' }, [internal, other]), [])
    t.same(warnings({ ...rule, publicKey: 'ab'.repeat(32) }, [internal, other]), [])
    t.same(warnings(rule, [internal]), [], 'with one authority there is no other')
  }
  const [wide, narrow] = [{
    dns: ['globex.example'], uri: ['https://a.example/'], ip: ['10.1.']
  }, { dns: ['shop.globex.example'], uri: ['https://a.example/x'], ip: ['10.1.2.'] }]
    .map((bounds, index) => authority(['wide', 'narrow'][index] as string, bounds)) as [RuleAuthority, RuleAuthority]
  const [one, two] = [authority('one', { dns: ['one.'] }), authority('two', { dns: ['two.'] })]
  for (const [rule, first, second] of [
    [{ dns: '*.globex.example' }, wide, narrow],
    [{ uri: 'https://a.example/*' }, wide, narrow],
    [{ ip: '10.0.0.0/8' }, wide, narrow],
    [{ dns: '*.a' }, one, two]
  ] as const) {
    const [key] = Object.keys(rule)
    t.same(
      warnings(rule, [first, second]),
      [`r[0]: matches ${key} only, which authorities ${first.name} and ${second.name} may both claim; add "authority"`],
      'a pattern or a range that the bounds of both overlap'
    )
  }
  const issuer = ', which authorities internal and other may both claim, ' +
    'because a CA of either may have the name of the issuer; add "authority"'
  t.same(warnings({ issuer: 'CN=x' }, [internal, other]), [`r[0]: matches issuer only${issuer}`])
  t.same(warnings({ cn: 'a', issuer: { o: 'x' } }, [internal, other]), [`r[0]: matches cn, issuer only${issuer}`])
  t.same(
    warnings({ serialNumber: '1', issuer: 'CN=x' }, [internal, other]),
    [`r[0]: matches serialNumber, issuer only${issuer}`]
  )
  t.same(warnings({ issuer: 'CN=x' }, [internal]), [])
})

test('warns of nothing where only one authority may claim what the rule asks', async (t) => {
  t.same(warnings({ ou: 'a' }, [internal, partner]), [])
  t.same(warnings({ ou: 'a', issuer: 'CN=x' }, [internal, partner]), [])
  t.same(warnings({ dns: 'x.example' }, [internal, partner]), [])
  t.same(warnings({ dns: 'api.x', cn: 'a' }, [internal, partner]), [], 'one key tells who it is')
  const one = authority('one', { dns: ['one.'], ip: 'any' })
  const two = authority('two', { dns: ['two.'], ip: 'any' })
  t.same(warnings({ dns: ['one.a', 'two.a'] }, [one, two]), [], 'no value is of both')
  t.same(warnings({ dns: ['one.a', 'two.a'], ip: '10.0.0.1' }, [one, two]), [])
  t.match(
    warnings({ dns: ['one.a', 'two.a', 'two.b'] }, [one, two, authority('three', { dns: ['two.b'] })]),
    [/authorities two and three may both claim/]
  )
})

test('warns of gateways that several authorities may pose as', async (t) => {
  t.match(
    warnings({ cn: 'a', authority: 'internal', via: [{ authority: 'internal' }, { cn: 'gw' }] }, [internal, other]),
    [/^r\[0\]\.via\[1\]: matches cn only, which/]
  )
  t.same(warnings({ cn: 'a', authority: 'internal', via: { cn: 'gw' } }, [internal, partner]), [])
  t.match(
    warnings({ via: { dns: 'api.x', not: { ou: 'b' } } }, [internal, partner]),
    [/has no key for the peer/, /^r\[0\]\.via\.not: peers of authority partner/]
  )
  t.match(warnings({ via: { not: { ou: 'b' } } }, [internal, other]), [/has no key for the peer/])
})

test('recommends an authority or an issuer where the authorities are not known', async (t) => {
  t.same(
    compileRules([{ cn: 'a' }], { path: 'r' }).warnings,
    ['r[0]: matches cn only, from any trusted CA; if you trust several, add "authority" or "issuer"']
  )
  for (const rule of [{ cn: 'a', authority: 'x' }, { authority: 'x' }]) t.same(compileRules([rule]).warnings, [])
})

test('warns of a block by fingerprint, which a holder can change', async (t) => {
  const fingerprint = 'ab'.repeat(32)
  const says = /: the holder can change the fingerprint .* block it by "issuer" and "serialNumber", or by "publicKey"$/
  for (const options of [{ path: 'r' }, { path: 'r', authorities: [internal] }]) {
    const list = (rule: AllowRule): readonly string[] => compileRules([rule], options).warnings
    t.match(list({ authority: 'internal', not: { fingerprint } }), [/^r\[0\]\.not\.fingerprint: the holder/])
    t.match(list({ authority: 'internal', not: { fingerprint } }), [says])
    t.match(list({ authority: 'internal', not: [{ ou: 'x' }, { fingerprint }] }), [/^r\[0\]\.not\[1\]\.fingerprint/])
    t.match(
      list({ authority: 'internal', via: { authority: 'internal', not: { fingerprint } } }).join(),
      /r\[0\]\.via\.not\.fingerprint: the holder/
    )
    t.same(list({ authority: 'internal', fingerprint }), [])
    t.same(list({ authority: 'internal', not: { not: { fingerprint } } }), [], 'that asks for it')
    t.same(list({ authority: 'internal', not: { publicKey: fingerprint } }), [])
  }
})

test('groups are checked with the authorities, by themselves or with the rules', async (t) => {
  const wrong = { a: { ou: 'x' } }
  for (const run of [
    () => compileGroups(wrong, { path: 'clients', authorities: [partner] }),
    () => compileRules(['a'], { groups: wrong, groupsPath: 'clients', authorities: [partner] }),
  ]) t.throws(run, { code: 'MTLS_ERR_RULE_INVALID', reason: 'never_matches', path: 'clients.a.ou' })
  const groups = compileGroups({ a: [{ ou: 'x' }] }, { authorities: [internal, other] })
  t.match(compileRules(['a'], { groups }).warnings, [/^groups\.a\[0\]: matches ou only, which authorities/])
})

test('refuses authorities that are none', async (t) => {
  const wrong: [unknown, string, string][] = [
    [{}, 'wrong_type', 'options.authorities'], [[], 'empty', 'options.authorities'],
    [[null], 'wrong_type', 'options.authorities[0]'],
    [[{ ...internal, name: 1 }], 'wrong_type', 'options.authorities[0].name'],
    [[{ ...internal, name: '' }], 'empty', 'options.authorities[0].name'],
    [[internal, internal], 'duplicate_key', 'options.authorities[1].name'],
    [[{ name: 'a', vouchesFor: () => true }], 'wrong_type', 'options.authorities[0].mayClaim'],
  ]
  for (const [authorities, reason, path] of wrong) {
    t.match(error({ cn: 'a' }, authorities as never), { reason, path })
    t.throws(() => compileGroups({}, { authorities: authorities as never }), { code: 'MTLS_ERR_RULE_INVALID', path })
  }
})

test('asks each authority once for each value, and only those that it must', async (t) => {
  const asked = new Map<string, number>()
  const counting = (one: RuleAuthority): RuleAuthority => ({
    name: one.name,
    vouchesFor: (kind) => {
      asked.set(`${one.name} ${kind}`, (asked.get(`${one.name} ${kind}`) ?? 0) + 1)
      return one.vouchesFor(kind)
    },
    mayClaim: (kind, value) => {
      asked.set(`${one.name} ${kind} ${value}`, (asked.get(`${one.name} ${kind} ${value}`) ?? 0) + 1)
      return one.mayClaim(kind, value)
    },
  })
  const bounded = authority('bounded', { subject: ['2.5.4.11=x'], dns: 'any' })
  const authorities = [internal, bounded, partner, other].map(counting)
  compileRules(
    [{ ou: ['a', 'b', 'x'], dns: ['a', 'b'], not: { email: 'a@b' } }, { subject: { o: ['c', 'd'], cn: 'e' } }],
    { authorities }
  )
  t.ok([...asked.values()].every((count) => count === 1), JSON.stringify([...asked]))
  t.notOk([...asked.keys()].some((key) => key.startsWith('partner subject ')), 'it does not vouch for subjects at all')
})

test('an authority is asked about an address as certificates have it, whatever its spelling in the rule', async (t) => {
  for (const [ip, asked] of [
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], ['2001:DB8::0:1', '2001:db8::1'], ['::ffff:192.0.2.1', '192.0.2.1'],
    ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'], ['::', '::'], ['10.0.0.0/8', '10.0.0.0/8']
  ] as const) {
    const values: string[] = []
    const asking: RuleAuthority = {
      name: 'a',
      vouchesFor: () => true,
      mayClaim (kind, value) {
        if (kind === 'ip') values.push(value)
        return true
      }
    }
    compileRules({ ip }, { authorities: [asking] })
    t.same(values, [asked])
  }
})

test('a hundred thousand rules and a thousand authorities do not multiply', async (t) => {
  let asked = 0
  const crowd = Array.from({ length: 1000 }, (_, i): RuleAuthority => ({
    name: `a${i}`,
    vouchesFor: (kind) => {
      asked++
      return kind === 'dns' || (i === 999 && kind === 'subject')
    },
    mayClaim: () => {
      asked++
      return true
    },
  }))
  const rules = Array.from(
    { length: 100_000 }, (_, i) => i % 2 === 0 ? { cn: `a${i}`, not: { ou: 'x' } } : { dns: `a${i}`, not: { dns: 'x' } }
  )
  t.equal(compileRules(rules, { authorities: crowd }).size, 100_000)
  t.ok(asked <= 7000 + 200_000, `asked ${asked} times`)
})

const later: RuleAuthority = {
  ...authority('trust domains that are federated later', { spiffe: 'any' }),
  awaits: (name) => name.endsWith('.example')
}

test('a rule that only an authority to come can satisfy is taken, with a warning', async (t) => {
  const own = authority('prod.example', { spiffe: ['spiffe://prod.example'] })
  const rules: AllowRule[] = [
    { trustDomain: 'partner.example' }, { spiffe: 'spiffe://partner.example/a' }, { authority: 'partner.example' },
    { authority: 'partner.example', spiffe: 'spiffe://partner.example/**' },
    { trustDomain: 'partner.example', not: { spiffe: 'spiffe://partner.example/old' } }
  ]
  for (const rule of rules) {
    t.same(
      warnings(rule, [own, later]), ['r[0]: matches no peer until an authority is added that vouches for it'],
      JSON.stringify(rule)
    )
  }
  t.match(error({ trustDomain: 'partner.example' }, [own]), { reason: 'never_matches', path: 'r[0].trustDomain' })
  t.same(warnings({ trustDomain: 'prod.example' }, [own, later]), [], 'and it is no rival of one in force')
  t.same(warnings({ trustDomain: ['prod.example', 'partner.example'] }, [own, later]), [])
  t.same(warnings({ trustDomain: 'prod.example', not: { authority: 'partner.example' } }, [own, later]), [])
  t.same(warnings({ authority: ['prod.example', 'partner.example'] }, [own, later]), [])
})

test('a rule that not even an authority to come can satisfy is refused', async (t) => {
  const own = authority('prod.example', { spiffe: ['spiffe://prod.example'] })
  const named = (rule: AllowRule, authorities = [own, later]): unknown => {
    const { reason, path } = error(rule, authorities)
    return [reason, path]
  }
  t.same(named({ authority: 'partnr' }), ['unknown_authority', 'r[0].authority'])
  t.same(named({ ou: 'a' }), ['never_matches', 'r[0].ou'])
  t.same(named({ trustDomain: 'partner.example', ou: 'a' }), ['never_matches', 'r[0].ou'])
  t.same(named({ authority: 'prod.example', trustDomain: 'partner.example' }), ['never_matches', 'r[0].trustDomain'])
  t.same(named({ trustDomain: 'partner.example', not: { ou: 'a' } }), ['never_matches', 'r[0].not'])
  t.match(
    error({ authority: 'partner.example', ou: 'a' }, [own, later]).message,
    /expected a rule that peers of the authority .*; an authority that is added later vouches for spiffe$/
  )
  const api = { ...authority('api.example', ANY), only: 'servers' } as const
  t.same(named({ authority: 'api.example' }, [own, later, api]), ['unknown_authority', 'r[0].authority'])
  t.match(
    error({ trustDomain: 'a' }, [own, { ...later, awaits: true as never }]),
    { reason: 'wrong_type', path: 'options.authorities[1].awaits' }
  )
})
