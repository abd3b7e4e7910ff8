import { readFileSync } from 'node:fs'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import type { Test } from 'tap'
import { compileGroups, compileRules, explain } from '../src/index.ts'
import type { AllowRule, ReadRequestValue, RuleInvalidError, RuleSet } from '../src/index.ts'

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false })
const validate = ajv.compile(JSON.parse(readFileSync(new URL('../schema.json', import.meta.url), 'utf8')))

/** A request as the tests write it: all values by source and name. */
type Request = { readonly [source in 'param' | 'query' | 'header']?: Readonly<Record<string, readonly string[]>> }

const requestValue: ReadRequestValue = (request: Request, source, name) => request[source]?.[name] ?? []
const ca = await createDevCa({ name: 'Request CA' })
const station = parsePeerIdentity((await ca.issue({ cn: 'CP1', o: 'Grid', dns: 'cp1.example' })).der)
const param = (...values: string[]): Request => ({ param: { id: values } })

function ask (rules: AllowRule, request: Request | undefined, peer = station): string {
  const verdict = compileRules([rules], { requestValue }).authorize(peer, request)
  return 'then' in verdict ? 'promise' : verdict.allowed ? 'allowed' : verdict.reason
}

function refuses (t: Test, run: () => unknown, fault: Partial<RuleInvalidError>, name = 'refused'): void {
  t.throws(run, fault as RuleInvalidError, name)
}

test('the certificate must have the value of the request', async (t) => {
  const rule: AllowRule = { cn: { param: 'id' } }
  t.equal(ask(rule, param('CP1')), 'allowed')
  t.equal(ask(rule, param('CP2')), 'no_match')
  t.equal(ask({ cn: { query: 'account' } }, { query: { account: ['CP1'] } }), 'allowed')
  t.equal(ask({ cn: { header: 'X-Tenant' } }, { header: { 'x-tenant': ['CP1'] } }), 'allowed', 'names in any case')
  t.equal(ask({ subject: { cn: { param: 'id' }, o: 'Grid' } }, param('CP1')), 'allowed')
  t.equal(ask({ subject: { cn: { param: 'id' }, o: 'Other' } }, param('CP1')), 'no_match')
  t.equal(ask({ subject: { query: 'name' } }, { query: { name: [String(station.subject)] } }), 'allowed')
  t.equal(ask({ subject: { query: 'name' } }, { query: { name: ['CN=CP1'] } }), 'no_match')
  t.equal(ask({ cn: ['OPS', { param: 'id' }] }, param('CP1')), 'allowed')
  t.equal(ask({ cn: ['CP1', { param: 'id' }] }, undefined), 'allowed', 'a fixed value needs no request')
  t.equal(ask({ subject: [{ o: 'X' }, { cn: { param: 'id' } }] }, param('CP1')), 'allowed')
})

test('a value that is missing, repeated or empty never matches, and neither does its not', async (t) => {
  for (const request of [undefined, {}, param(), param('CP1', 'CP1'), param('CP1', 'CP2'), param('')]) {
    const said = JSON.stringify(request)
    t.equal(ask({ cn: { param: 'id' } }, request), 'incomplete_request', said)
    t.equal(ask({ o: 'Grid', not: { cn: { param: 'id' } } }, request), 'incomplete_request', `not: ${said}`)
    t.equal(ask({ o: 'Grid', not: { not: { cn: { param: 'id' } } } }, request), 'incomplete_request', `not not: ${said}`)
    t.equal(ask({ o: 'Other', not: { cn: { param: 'id' } } }, request), 'no_match', `another key fails: ${said}`)
  }
  t.equal(ask({ o: 'Grid', not: { cn: { param: 'id' } } }, param('CP2')), 'allowed')
  t.equal(ask({ o: 'Grid', not: { cn: { param: 'id' } } }, param('CP1')), 'no_match')
})

test('a value of the request is a literal: no pattern, no range, no other spelling', async (t) => {
  const peer = parsePeerIdentity((await ca.issue({
    cn: 'x', dns: 'a.cp.example', uri: ['https://h/a/b'], ip: '10.0.0.1', email: 'ops@cp.example'
  })).der)
  const svid = parsePeerIdentity((await ca.issue({ spiffe: 'spiffe://td/ns/a' })).der)
  const asks = (key: string, text: string, of = peer): string => ask({ [key]: { param: 'id' } } as AllowRule, param(text), of)
  t.equal(asks('dns', 'a.cp.example'), 'allowed')
  t.equal(asks('dns', 'A.CP.example'), 'allowed', 'DNS names have no case')
  t.equal(asks('uri', 'https://h/a/b'), 'allowed')
  t.equal(asks('ip', '10.0.0.1'), 'allowed')
  t.equal(asks('ip', '::ffff:10.0.0.1'), 'allowed', 'the same address')
  t.equal(asks('email', 'ops@CP.example'), 'allowed')
  t.equal(asks('spiffe', 'spiffe://td/ns/a', svid), 'allowed')
  for (const [key, text] of [
    ['dns', '*.cp.example'], ['dns', 'a.cp.example.'], ['dns', 'a.\u212ap.example'], ['uri', 'https://h/*/b'],
    ['uri', 'https://h/**'], ['ip', '10.0.0.0/8'], ['ip', '10.0.0.1/32'], ['email', '*@cp.example'], ['cn', '\ud800']
  ] as const) t.equal(asks(key, text), 'incomplete_request', `${key} ${text}`)
  for (const text of ['spiffe://td', 'spiffe://td/**', 'spiffe://td/*', 'spiffe://td/ns/*']) {
    t.equal(asks('spiffe', text, svid), 'incomplete_request', text)
  }
  t.equal(asks('uri', 'https://h/a/%62'), 'no_match', 'nothing is decoded')
  t.equal(asks('email', 'OPS@cp.example'), 'no_match')
})

test('texts are compared character by character', async (t) => {
  const composed = createPartialIdentity({ subject: 'CN=\u00fc' })
  const rule: AllowRule = { cn: { param: 'id' } }
  t.equal(ask(rule, param('\u00fc'), composed), 'allowed')
  t.equal(ask(rule, param('u\u0308'), composed), 'no_match', 'Unicode is not normalized')
  const kelvin = createPartialIdentity({ subject: 'CN=K' })
  for (const text of ['k', '\u212a', 'K ', ' K', 'K\0', '*', '%4B', 'K,K']) {
    t.equal(ask(rule, param(text), kelvin), 'no_match', JSON.stringify(text))
  }
})

test('the certificate must have the value only', async (t) => {
  const rule: AllowRule = { cn: { param: 'id' } }
  for (const subject of ['CN=CP1,CN=CP2', 'CN=CP1,CN=CP1', 'CN=CP1+CN=CP2', 'CN=CP1,CN=#1602c3bc']) {
    const peer = createPartialIdentity({ subject })
    t.equal(ask(rule, param('CP1'), peer), 'incomplete_identity', subject)
    t.equal(ask({ not: rule, subject: { cn: 'CP1' } }, param('CP1'), peer), 'incomplete_identity', `not: ${subject}`)
    t.equal(ask(rule, param('CP9'), peer), 'no_match', subject)
  }
  const names = createPartialIdentity({ subjectAltNames: { dns: ['a.example', 'b.example'], ip: ['::1', '10.0.0.1'] } })
  t.equal(ask({ dns: { param: 'id' } }, param('a.example'), names), 'incomplete_identity')
  t.equal(ask({ ip: { param: 'id' } }, param('10.0.0.1'), names), 'incomplete_identity', 'of both families')
  t.equal(ask(rule, param('CP1'), createPartialIdentity({ subject: 'O=CP1' })), 'no_match', 'it has none')
  t.equal(ask(rule, param('CP1'), createPartialIdentity({ serialNumber: '01' })), 'incomplete_identity', 'it is unknown')
})

test('further names of the certificate are compared with the request too', async (t) => {
  const peer = parsePeerIdentity((await ca.issue({
    upn: 'Anna@corp.example',
    registeredId: '1.2.3',
    spiffe: 'spiffe://td/a',
    subject: [{ type: 'organizationIdentifier', value: 'VATDE-1' }]
  })).der)
  const asks = (rule: AllowRule, text: string, of = peer): string => ask(rule, param(text), of)
  for (const [rule, same, other, invalid] of [
    [{ upn: { param: 'id' } }, 'Anna@CORP.example', 'anna@corp.example', '*@corp.example'],
    [{ registeredId: { param: 'id' } }, '1.2.3', '1.2.4', '1.2.03'],
    [{ trustDomain: { param: 'id' } }, 'td', 'te', 'spiffe://td'],
    [{ subject: { organizationIdentifier: [{ type: 'LEI' }, { param: 'id' }] } }, 'VATDE-1', 'VATDE-2', '\ud800']
  ] as const) {
    const said = JSON.stringify(rule)
    t.equal(asks(rule, same), 'allowed', said)
    t.equal(asks({ not: rule }, same), 'no_match', `not: ${said}`)
    t.equal(asks(rule, other), 'no_match', `${said} ${other}`)
    t.equal(asks({ not: rule }, other), 'allowed', `not: ${said} ${other}`)
    for (const text of [invalid, '']) {
      t.equal(asks(rule, text), 'incomplete_request', `${said} ${text}`)
      t.equal(asks({ not: rule }, text), 'incomplete_request', `not: ${said} ${text}`)
    }
  }
  for (const domain of ['td/a', '*', 'TD', 'td.']) t.not(asks({ trustDomain: { param: 'id' } }, domain), 'allowed', domain)
  const two = createPartialIdentity({ subjectAltNames: { registeredId: ['1.2.3', '1.2.4'] } })
  t.equal(asks({ registeredId: { param: 'id' } }, '1.2.3', two), 'incomplete_identity')
  t.ok(compileRules({ trustDomain: 'td', spiffe: { param: 'id' } }, { requestValue }))
  t.ok(compileRules({ trustDomain: { param: 'id' }, spiffe: 'spiffe://td/a' }, { requestValue }))
  t.ok(compileRules({ trustDomain: ['te', { param: 'id' }], spiffe: 'spiffe://td/a' }, { requestValue }), 'one of them may be')
  t.ok(compileRules({ trustDomain: 'td', spiffe: ['spiffe://te/a', { param: 'id' }] }, { requestValue }))
})

test('directory names: the value is the only one in all of them, and in the same name as the others', async (t) => {
  const of = (...directoryName: string[]): typeof station => createPartialIdentity({ subjectAltNames: { directoryName } })
  const rule: AllowRule = { directoryName: { cn: { param: 'id' }, o: 'Grid' } }
  const both = (request: Request, peer: typeof station, of = rule): string[] => [ask(of, request, peer), ask({ not: of }, request, peer)]
  t.same(both(param('CP1'), of('CN=CP1,O=Grid', 'O=Other')), ['allowed', 'no_match'])
  t.same(both(param('CP1'), of('CN=CP1', 'O=Grid')), ['no_match', 'allowed'], 'of two names')
  t.same(both(param('CP1'), of('CN=CP1,O=Grid', 'CN=CP2')), ['incomplete_identity', 'incomplete_identity'], 'one of two')
  t.same(both(param('CP3'), of('CN=CP1,O=Grid', 'CN=CP2')), ['no_match', 'allowed'], 'none of them')
  t.same(both(param(), of('CN=CP1,O=Grid')), ['incomplete_request', 'incomplete_request'], 'no value')
  t.same(both(param(), of()), ['no_match', 'allowed'], 'no value and no name')
  t.same(both(param(), of(), { directoryName: { cn: { param: 'id' }, o: { query: 'o' } } }), ['incomplete_request', 'incomplete_request'])
  const beside: AllowRule = { directoryName: { cn: ['OPS', { param: 'id' }], o: 'Grid' } }
  t.same(both(param('CP1'), of('CN=OPS', 'CN=CP1,O=Grid'), beside), ['incomplete_identity', 'incomplete_identity'])
  t.same(both(param(), of('CN=OPS,O=Grid'), beside), ['allowed', 'no_match'], 'a fixed value needs no request')
  const whole: AllowRule = { directoryName: { param: 'id' } }
  t.same(both(param('CN=CP1,O=Grid'), of('CN=CP1,O=Grid'), whole), ['allowed', 'no_match'])
  t.same(both(param('CN=CP1,O=Grid'), of('CN=CP1,O=Grid', 'O=Other'), whole), ['incomplete_identity', 'incomplete_identity'])
  for (const text of ['CN', '']) t.same(both(param(text), of('CN=CP1'), whole), ['incomplete_request', 'incomplete_request'], text)
})

test('keys without text take no value of the request', async (t) => {
  const asked = { param: 'id' }
  for (const [rule, reason, path] of [
    [{ keyUsage: asked }, 'wrong_type', 'rules.keyUsage'], [{ qualified: [asked] }, 'wrong_type', 'rules.qualified[0]'],
    [{ qualified: { type: asked } }, 'wrong_type', 'rules.qualified.type'],
    [{ qualified: { psd2: { authority: asked } } }, 'wrong_type', 'rules.qualified.psd2.authority'],
    [{ admission: asked }, 'wrong_type', 'rules.admission'],
    [{ admission: { registrationNumber: asked } }, 'wrong_type', 'rules.admission.registrationNumber'],
    [{ extension: asked }, 'wrong_type', 'rules.extension'], [{ otherName: asked }, 'wrong_type', 'rules.otherName'],
    [{ extension: { oid: '1.2.3', value: asked } }, 'unknown_key', 'rules.extension.value.param'],
    [{ otherName: { oid: asked } }, 'wrong_type', 'rules.otherName.oid'],
    [{ subject: { organizationIdentifier: { number: asked } } }, 'wrong_type', 'rules.subject.organizationIdentifier.number']
  ] as const) {
    refuses(t, () => compileRules(rule as never, { requestValue }), { reason, path }, JSON.stringify(rule))
    t.notOk(validate(rule), `the schema: ${JSON.stringify(rule)}`)
  }
  refuses(t, () => compileRules({ keyUsage: asked } as never, { requestValue }), {
    message: 'rules.keyUsage: found an object, expected a value of the certificate; it cannot be the parameter "id" of the request'
  })
})

test('what the authority does not vouch for does not match', async (t) => {
  const peer = limitPeerIdentity(station, 'partner', ['subject'])
  t.equal(ask({ cn: { param: 'id' } }, param('CP1'), peer), 'incomplete_identity')
  t.equal(ask({ authority: { param: 'id' } }, param('partner'), peer), 'allowed')
  t.match(String(explain({ cn: { param: 'id' } }, peer, { requestValue, request: param('CP1') })), /not believed/)
})

test('of a forwarded client, the gateway may be compared with the request too', async (t) => {
  const gateway = createPartialIdentity({ subject: 'CN=gw1' })
  const peer = createPartialIdentity({ subject: 'CN=CP1', source: 'forwarded', via: [gateway] })
  const rule: AllowRule = { cn: { param: 'id' }, via: { cn: { header: 'x-gateway' } } }
  const request = (name: string): Request => ({ ...param('CP1'), header: { 'x-gateway': [name] } })
  t.equal(ask(rule, request('gw1'), peer), 'allowed')
  t.equal(ask(rule, request('CP1'), peer), 'no_match')
  t.equal(ask(rule, param('CP1'), peer), 'incomplete_request')
})

test('tells what it depends on', async (t) => {
  const authorizer = compileRules(['stations', { ou: { query: 'a' }, not: { via: { cn: { header: 'X-G' } } } }], {
    groups: { stations: { cn: ['x', { param: 'id' }] } }, requestValue
  })
  t.equal(authorizer.usesRequest, true)
  t.equal(authorizer.isAsync, false)
  t.same(authorizer.requestValues, [
    { source: 'param', name: 'id', path: 'groups.stations.cn[1]' }, { source: 'query', name: 'a', path: 'rules[1].ou' },
    { source: 'header', name: 'x-g', path: 'rules[1].not.via.cn' }
  ])
  t.same(compileRules({ cn: 'a' }, { requestValue }).requestValues, [])
  t.equal(compileRules({ cn: 'a' }, { requestValue }).usesRequest, false)
  t.equal(compileRules([() => true]).usesRequest, true)
})

test('rules without requests refuse values of the request at once', async (t) => {
  const refused = (rules: RuleSet, groups = {}): Partial<RuleInvalidError> => {
    try {
      compileRules(rules as never, { groups })
      return {}
    } catch (error) {
      return error as RuleInvalidError
    }
  }
  t.match(refused({ cn: { param: 'id' } }), { reason: 'no_request', path: 'rules.cn.param', found: '"id"' })
  t.match(refused('a', { a: [{ not: { subject: { cn: { query: 'q' } } }, o: 'x' }] }), {
    reason: 'no_request', path: 'groups.a[0].not.subject.cn.query'
  })
  const large = compileGroups({ a: { cn: [...Array.from({ length: 2000 }, (_, at) => `c${at}`), { param: 'id' }] } })
  refuses(t, () => compileRules('a', { groups: large }), { reason: 'no_request' })
  t.equal(compileRules('a', { groups: large, requestValue }).authorize(station, param('CP1')) instanceof Promise, false)
  t.match(compileRules('a', { groups: large, requestValue }).authorize(station, param('CP1')), { allowed: true })
  t.match(refused({ cn: 'a' }, { a: { cn: { param: 'id' } } }), {}, 'a group that is not used')
})

test('refuses what is no value of a request', async (t) => {
  for (const [value, reason, path] of [
    [{ param: 'a', query: 'b' }, 'unknown_key', 'rules.cn.query'],
    [{ param: 'a', other: 'b' }, 'unknown_key', 'rules.cn.other'],
    [{ param: '' }, 'empty', 'rules.cn.param'],
    [{ param: 1 }, 'wrong_type', 'rules.cn.param'],
    [{ param: ['a'] }, 'wrong_type', 'rules.cn.param'],
    [{ header: ':path' }, 'invalid_value', 'rules.cn.header'],
    [{ header: 'a b' }, 'invalid_value', 'rules.cn.header'],
    [{ cookie: 'a' }, 'wrong_type', 'rules.cn']
  ] as const) {
    refuses(t, () => compileRules({ cn: value } as never, { requestValue }), { reason, path }, JSON.stringify(value))
    t.notOk(validate({ cn: value }), `the schema: ${JSON.stringify(value)}`)
  }
  refuses(t, () => compileRules({ subject: { param: 'a', o: 'b' } } as never, { requestValue }), { reason: 'unknown_key' })
  refuses(t, () => compileRules({ not: { param: 'a' } } as never, { requestValue }), { reason: 'unknown_key' })
  refuses(t, () => compileRules({ param: 'a' } as never, { requestValue }), { reason: 'unknown_key', path: 'rules.param' })
  refuses(t, () => compileRules({ cn: 'a' }, { requestValue: 'x' as never }), { path: 'options.requestValue' })
  refuses(t, () => compileRules({ cn: { param: 'a' }, not: { cn: { param: 'a' } } }, { requestValue }), {
    reason: 'never_matches'
  })
  t.ok(compileRules({ cn: { param: 'a' }, not: { cn: { query: 'a' } } }, { requestValue }))
  refuses(t, () => compileRules({ spiffe: 'spiffe://td', uri: 'https://a/b' }, { requestValue }), { reason: 'never_matches' })
  t.ok(compileRules({ spiffe: 'spiffe://td', uri: { param: 'a' } }, { requestValue }))
  for (const rules of [
    { cn: { param: 'a' } }, { cn: ['a', { header: 'x-a' }] }, { subject: { cn: { query: 'q' } } }, { issuer: { param: 'a' } },
    { serialNumber: { param: 'serial' }, issuer: 'CN=CA' }, { trustDomain: ['td', { param: 'a' }] }, { upn: { param: 'a' } },
    { registeredId: { header: 'x' } }, { directoryName: [{ param: 'a' }, { cn: { param: 'b' } }] },
    { subject: { organizationIdentifier: [{ param: 'a' }, { type: 'VAT' }] } }, { o: 'a', not: [{ via: { dns: { param: 'a' } } }] }
  ]) {
    t.ok(compileRules(rules as never, { requestValue }), JSON.stringify(rules))
    t.ok(validate(rules), `the schema: ${JSON.stringify(rules)}`)
  }
})

test('explains both sides', async (t) => {
  const rule: AllowRule = { cn: { param: 'id' } }
  const of = (request: Request | undefined, peer = station): string =>
    String(explain(rule, peer, { requestValue, request })).split('\n').at(-1) ?? ''
  const asks = '  cn: expected the parameter "id" of the request'
  t.equal(of(param('CP2')), `${asks}, found "CP1" (the request has "CP2")`)
  t.equal(of(param('cp1')), `${asks}, found "CP1" (the request has "cp1"; it differs only in case)`)
  t.equal(of(param()), `${asks}, found "CP1" (the parameter "id" of the request is missing)`)
  t.equal(
    of(param('a', 'b')),
    `${asks}, found "CP1" (the request has "a", "b"; the parameter "id" of the request occurs 2 times; it must occur once)`
  )
  t.equal(of(undefined), `${asks}, found "CP1" (there is no request to compare with)`)
  t.match(of(param('CP1'), createPartialIdentity({ subject: 'CN=CP1,CN=CP2' })), 'must be the only one')
  const { closest } = explain({ dns: { param: 'id' } }, station, { requestValue, request: param('*.example') })
  t.match(closest?.failed[0], {
    result: 'unknown',
    expected: ['the parameter "id" of the request'],
    found: ['cp1.example'],
    asked: [{ source: 'param', name: 'id', values: ['*.example'] }],
    note: 'the parameter "id" of the request is not one value of this key'
  })
  t.equal(explain({ cn: 'x' }, station).closest?.failed[0]?.asked, undefined)
  const long = explain(rule, station, { requestValue, request: param('x'.repeat(10_000)) })
  t.ok(String(long).length < 1000, 'a long value is shortened')
  const authorizer = compileRules([
    { cn: ['a', { param: 'id' }] }, { subject: { o: { header: 'X-O' } } },
    { directoryName: { '2.5.4.97': [{ type: 'VAT' }, { param: 'id' }] } }, { not: { ou: { query: 'q' } }, o: 'x' }
  ], { requestValue })
  t.equal(authorizer.describe(), [
    '- CN is "a" or the parameter "id" of the request', '- subject is any name with o the header "x-o" of the request',
    '- directory name is any name with 2.5.4.97 (type "VAT") or the parameter "id" of the request',
    '- not (OU is the query parameter "q" of the request) and O is "x"'
  ].join('\n'))
})

test('authorities are asked whether they vouch for the kind', async (t) => {
  const authority = (name: string, kinds: readonly string[]): any => ({
    name, vouchesFor: (kind: string) => kinds.includes(kind), mayClaim: () => false
  })
  const [names, ids] = [authority('names', ['subject', 'dns']), authority('ids', ['spiffe'])]
  const compile = (rules: RuleSet, authorities: any[]) => compileRules(rules as never, { requestValue, authorities })
  refuses(t, () => compile({ cn: { param: 'id' } }, [ids]), { reason: 'never_matches' })
  t.same(compile({ cn: { param: 'id' } }, [names, ids]).warnings, [], 'only one may claim it')
  t.match(compile({ cn: { param: 'id' } }, [names, authority('more', ['subject'])]).warnings, [
    'rules: matches cn only, which authorities names and more may both claim; add "authority"'
  ])
  t.ok(compile({ uri: { param: 'id' } }, [ids]))
  t.ok(compile({ subject: { o: { param: 'id' } }, not: { authority: { param: 'id' } } }, [names]))
  for (const key of ['fingerprint', 'trustDomain']) {
    t.match(compileRules({ [key]: { header: 'x' } }, { requestValue }).warnings, [`rules: matches ${key} only`])
  }
  t.ok(compile({ directoryName: { o: { param: 'id' } }, subject: { organizationIdentifier: ['a', { param: 'x' }] } }, [names]))
  refuses(t, () => compile({ directoryName: { param: 'id' } }, [ids]), { reason: 'never_matches' })
  refuses(t, () => compile({ upn: { param: 'id' } }, [names]), { reason: 'never_matches' })
})

test('a rule excludes itself only with the same value of the request', async (t) => {
  const both = (not: AllowRule) => () => compileRules([{ cn: { param: 'id' }, not }], { requestValue })
  refuses(t, both({ cn: { param: 'id' } }), { reason: 'never_matches' } as Partial<RuleInvalidError>)
  for (const not of [{ cn: { param: 'other' } }, { cn: { query: 'id' } }, { o: { param: 'id' } }] as const) {
    t.doesNotThrow(both(not), JSON.stringify(not))
  }
})
