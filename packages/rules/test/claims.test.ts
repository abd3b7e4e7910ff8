// The keys that match further names and extensions, on real certificates.
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { ClaimKind, PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Test } from 'tap'
import { compileRules, explain, listPeerValues } from '../src/index.ts'
import type { AllowRule } from '../src/index.ts'

const ca = await createDevCa({ name: 'Claims CA' })
const issue = async (options: Parameters<typeof ca.issue>[0]): Promise<PeerIdentity> =>
  parsePeerIdentity((await ca.issue(options)).der)
const UPN = '1.3.6.1.4.1.311.20.2.3'

/** 1 yes, 0 no, undefined unknown. */
function ask (rule: AllowRule, peer: PeerIdentity): 0 | 1 | undefined {
  const verdict = compileRules([rule]).authorize(peer) as { allowed: boolean, reason?: string }
  return verdict.allowed ? 1 : verdict.reason === 'no_match' ? 0 : undefined
}

/** A rule, and its `not`, for a peer; and that both are unknown where the kind is not believed. */
function hold (t: Test, kind: ClaimKind | undefined, rows: readonly (readonly [AllowRule, PeerIdentity, boolean | undefined])[]): void {
  for (const [rule, peer, expected] of rows) {
    const name = `${JSON.stringify(rule)} for ${peer}`
    t.equal(ask(rule, peer), expected === undefined ? undefined : expected ? 1 : 0, name)
    t.equal(ask({ not: rule }, peer), expected === undefined ? undefined : expected ? 0 : 1, `not ${name}`)
    const closest = explain([rule], peer).closest
    t.equal(closest?.result, expected === undefined ? 'unknown' : expected ? 'match' : 'mismatch', `explains ${name}`)
    if (kind === undefined) continue
    const limited = limitPeerIdentity(peer, 'p', [kind])
    t.equal(ask(rule, limited), undefined, `${name} not believed`)
    t.equal(ask({ not: rule }, limited), undefined, `not ${name} not believed`)
    if (expected === undefined) continue
    t.match(explain([rule], limited).closest?.failed[0], { result: 'unknown', isClaim: true, note: /^not believed: authority "p"/ })
  }
}

test('upn: the user principal name, its host without case', async (t) => {
  const peer = await issue({ upn: ['Anna@corp.example', 'b@c@D.example'], otherName: { oid: '1.2.3', value: 'x@corp.example' } })
  const odd = await issue({ otherName: { oid: UPN, value: 5 }, upn: 'anna@corp.example' })
  hold(t, 'upn', [
    [{ upn: 'Anna@corp.example' }, peer, true], [{ upn: 'Anna@CORP.example' }, peer, true],
    [{ upn: 'anna@corp.example' }, peer, false], [{ upn: ['x@y', 'b@c@d.EXAMPLE'] }, peer, true],
    [{ upn: 'x@corp.example' }, peer, false], [{ upn: 'anna@corp.example' }, odd, undefined]
  ])
  t.equal(ask({ upn: 'a@b' }, createPartialIdentity({ subject: 'CN=a' })), undefined)
  t.equal(ask({ upn: 'a@b' }, await issue({ cn: 'a' })), 0)
})

test('otherName: a type with any value or a typed one', async (t) => {
  const peer = await issue({
    otherName: [
      { oid: '1.2.3', value: 'blue' }, { oid: '1.2.3', value: 'green' }, { oid: '1.2.4', value: 7 },
      { oid: '1.2.5', value: { octets: Uint8Array.of(0xab) } }, { oid: '1.2.6', value: Uint8Array.of(0x30, 2, 5, 0) },
      { oid: '1.2.7', value: Uint8Array.of(0x13, 1, 0x61) }, { oid: '1.2.8', value: new Date('2027-03-15T00:00:00Z') }
    ]
  })
  hold(t, 'upn', [
    [{ otherName: { oid: '1.2.3' } }, peer, true], [{ otherName: { oid: '1.2.9' } }, peer, false],
    [{ otherName: { oid: '1.2.3', value: 'blue' } }, peer, true],
    [{ otherName: { oid: '1.2.3', value: ['red', 'green'] } }, peer, true],
    [{ otherName: { oid: '1.2.3', value: 'Blue' } }, peer, false],
    [{ otherName: { oid: '1.2.4', value: 'blue' } }, peer, false],
    [{ otherName: [{ oid: '1.2.9' }, { oid: '1.2.4', value: 7 }] }, peer, true],
    [{ otherName: { oid: '1.2.4', value: '7' } }, peer, false],
    [{ otherName: { oid: '1.2.4', value: { integer: '7' } } }, peer, true],
    [{ otherName: { oid: '1.2.5', value: { octets: 'AB' } } }, peer, true],
    [{ otherName: { oid: '1.2.5', value: { raw: '0401ab' } } }, peer, true],
    [{ otherName: { oid: '1.2.6', value: { raw: '30020500' } } }, peer, true],
    [{ otherName: { oid: '1.2.6', value: 'x' } }, peer, false],
    [{ otherName: { oid: '1.2.7', value: { text: 'a' } } }, peer, true],
    [{ otherName: { oid: '1.2.8', value: { time: '2027-03-15T00:00:00Z' } } }, peer, true]
  ])
  const partial = createPartialIdentity({ subjectAltNames: { otherName: [{ type: '1.2.3', value: 'a' }, { type: '1.2.4' }] } })
  hold(t, 'upn', [
    [{ otherName: { oid: '1.2.3', value: 'a' } }, partial, true],
    [{ otherName: { oid: '1.2.3', value: { raw: '0c0161' } } }, partial, undefined],
    [{ otherName: { oid: '1.2.4', value: 'a' } }, partial, undefined], [{ otherName: { oid: '1.2.4' } }, partial, true]
  ])
})

test('directoryName: all attributes are of one name', async (t) => {
  const peer = await issue({ directoryName: [{ type: 'O', value: 'Acme' }, { type: 'CN', value: 'a' }], o: 'Other' })
  const two = createPartialIdentity({ subjectAltNames: { directoryName: ['CN=a,O=Acme', 'CN=b,O=Globex'] } })
  hold(t, 'subject', [
    [{ directoryName: 'CN=a,O=Acme' }, peer, true], [{ directoryName: 'CN=a' }, peer, false],
    [{ directoryName: { o: 'Acme', cn: ['x', 'a'] } }, peer, true], [{ directoryName: { o: 'Other' } }, peer, false],
    [{ directoryName: { cn: 'a', o: 'Acme' } }, two, true], [{ directoryName: { cn: 'a', o: 'Globex' } }, two, false],
    [{ directoryName: [{ cn: 'a', o: 'Globex' }, { cn: 'b', o: 'Globex' }] }, two, true],
    [{ directoryName: ['CN=x', 'CN=b,O=Globex'] }, two, true]
  ])
  t.equal(ask({ directoryName: { o: 'a' } }, createPartialIdentity({ subjectAltNames: { dns: [] } })), undefined)
})

test('registeredId and keyUsage: exactly', async (t) => {
  const peer = await issue({ registeredId: ['1.2.3', '1.2.4'], keyUsage: ['digitalSignature', 'keyAgreement'] })
  const bare = await issue({ keyUsage: [] })
  hold(t, 'registeredId', [
    [{ registeredId: '1.2.4' }, peer, true], [{ registeredId: ['1.2', '1.2.3.4'] }, peer, false], [{ registeredId: '1.2.4' }, bare, false]
  ])
  hold(t, undefined, [
    [{ keyUsage: 'keyAgreement' }, peer, true], [{ keyUsage: ['keyCertSign', 'cRLSign'] }, peer, false],
    [{ keyUsage: 'digitalSignature' }, bare, false],
    [{ keyUsage: 'digitalSignature' }, createPartialIdentity({ subject: 'CN=a' }), undefined]
  ])
})

test('organizationIdentifier: its parts are of one identifier', async (t) => {
  const identifier = (...values: string[]): Promise<PeerIdentity> => issue({
    subject: [{ type: 'CN', value: 'a' }, ...values.map((value) => ({ type: 'organizationIdentifier', value }))]
  })
  const psp = await identifier('PSDDE-BAFIN-123456')
  const two = await identifier('PSDDE-BAFIN-1', 'VATFR-2')
  const odd = await identifier('PSDDE-BAFIN-1', 'anything')
  const rule = (parts: object): AllowRule => ({ subject: { organizationIdentifier: parts } })
  hold(t, 'subject', [
    [rule({ type: 'PSD' }), psp, true], [rule({ country: ['FR', 'DE'], authority: 'BAFIN', number: '123456' }), psp, true],
    [rule({ type: 'PSD', country: 'FR' }), psp, false], [rule({ type: 'VAT', country: 'DE' }), two, false],
    [rule({ type: 'VAT', country: 'FR' }), two, true], [rule({ number: '2', authority: 'BAFIN' }), two, false],
    [rule({ state: 'CA' }), psp, false], [rule({ state: 'CA', country: 'US' }), await identifier('NTRUS+CA-1'), true],
    [rule({ type: 'PSD' }), odd, undefined], [rule({ type: 'PSD', country: 'DE' }), odd, undefined],
    [rule([{ type: 'VAT' }, { type: 'PSD', country: 'DE' }]), psp, true], [rule(['PSDDE-BAFIN-123456', { type: 'VAT' }]), psp, true],
    [rule(['PSDDE-BAFIN-1', { type: 'VAT' }]), odd, true],
    [{ subject: { cn: 'a', '2.5.4.97': { type: 'PSD' } } }, psp, true], [{ subject: { '2.5.4.97': 'PSDDE-BAFIN-123456' } }, psp, true],
    [{ subject: [{ cn: 'x' }, { organizationidentifier: { country: 'DE', type: 'PSD' } }] }, psp, true],
    [rule({ type: 'PSD' }), await issue({ cn: 'a' }), false]
  ])
  const names = createPartialIdentity({ subjectAltNames: { directoryName: ['CN=a,organizationIdentifier=VATDE-1', 'CN=b,organizationIdentifier=VATFR-1'] } })
  hold(t, 'subject', [
    [{ directoryName: { cn: 'a', organizationIdentifier: { type: 'VAT', country: 'DE' } } }, names, true],
    [{ directoryName: { cn: 'a', organizationIdentifier: { country: 'FR' } } }, names, false]
  ])
  const other = createPartialIdentity({ subjectAltNames: { directoryName: ['CN=a,organizationIdentifier=anything'] } })
  hold(t, 'subject', [[{ directoryName: { cn: 'a', organizationIdentifier: { type: 'VAT' } } }, other, undefined]])
})

test('qualified: types, roles and the competent authority', async (t) => {
  const peer = await issue({ cn: 'tpp', qualified: { type: 'web', psd2: { roles: ['PSP_AI', 'PSP_PI'], authority: 'DE-BAFIN' } } })
  const seal = await issue({ cn: 'seal', qualified: { compliance: false, type: 'eseal' } })
  const none = await issue({ cn: 'none' })
  const broken = await issue({ cn: 'broken', extensions: [{ oid: '1.3.6.1.5.5.7.1.3', value: Uint8Array.of(0x30, 2, 5, 0) }] })
  hold(t, 'qualified', [
    [{ qualified: { type: 'web' } }, peer, true], [{ qualified: { type: ['eseal', '0.4.0.1862.1.6.3'] } }, peer, true],
    [{ qualified: { type: 'eseal' } }, peer, false], [{ qualified: { psd2: { roles: 'PSP_AI' } } }, peer, true],
    [{ qualified: { psd2: { roles: ['PSP_IC', '0.4.0.19495.1.2'], authority: ['ES-BDE', 'DE-BAFIN'] } } }, peer, true],
    [{ qualified: { psd2: { roles: 'PSP_AI', authority: 'ES-BDE' } } }, peer, false],
    [{ qualified: { type: 'eseal', psd2: { roles: 'PSP_AI' } } }, peer, false],
    [{ qualified: [{ type: 'eseal' }, { psd2: { roles: 'PSP_AI', authority: 'DE-BAFIN' } }] }, peer, true],
    [{ qualified: { statement: 'QcCompliance' } }, peer, true], [{ qualified: { statement: ['QcSSCD', '0.4.0.19495.2'] } }, peer, true],
    [{ qualified: { statement: 'QcCompliance', type: 'eseal' } }, seal, false], [{ qualified: { psd2: { authority: 'DE-BAFIN' } } }, seal, false],
    [{ qualified: { type: 'web' } }, none, false], [{ qualified: { psd2: { roles: 'VOP_RS' } } }, none, false],
    [{ qualified: { type: 'web' } }, broken, undefined], [{ qualified: { psd2: { roles: 'PSP_AI' } } }, broken, undefined]
  ])
  t.match(explain([{ qualified: { type: 'eseal' } }], peer).closest?.failed[0], {
    key: 'qualified',
    expected: ['type "eseal"'],
    found: ['type web', 'role PSP_AI', 'role PSP_PI', 'authority DE-BAFIN', 'statement QcCompliance', 'statement 0.4.0.1862.1.6', 'statement 0.4.0.19495.2']
  })
  t.match(explain([{ qualified: { type: 'web' } }], broken).closest?.failed[0]?.note, /^the extension 1\.3\.6\.1\.5\.5\.7\.1\.3 cannot be read: /)
  t.equal(compileRules([{ qualified: { type: 'web', psd2: { roles: ['PSP_AI', 'PSP_PI'], authority: 'DE-BAFIN' } } }]).describe(),
    '- qualified statements have type "web" and psd2 (roles "PSP_AI" or "PSP_PI" and authority "DE-BAFIN")')
})

test('admission: a profession with its own registration number', async (t) => {
  const peer = await issue({
    cn: 'arzt',
    admission: [
      { profession: 'Ärztin/Arzt', professionOid: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-1' },
      { profession: ['Zahnarzt', '1.2.3'], registrationNumber: '2-HBA-2' }
    ]
  })
  const broken = await issue({ cn: 'broken', extensions: [{ oid: '1.3.36.8.3.3', value: 'x' }] })
  hold(t, 'admission', [
    [{ admission: { profession: 'Ärztin/Arzt' } }, peer, true], [{ admission: { profession: '1.2.276.0.76.4.30' } }, peer, true],
    [{ admission: { profession: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-1' } }, peer, true],
    [{ admission: { profession: '1.2.276.0.76.4.30', registrationNumber: '2-HBA-2' } }, peer, false],
    [{ admission: { profession: ['x', 'Zahnarzt'], registrationNumber: ['1-HBA-1', '2-HBA-2'] } }, peer, true],
    [{ admission: { registrationNumber: '2-HBA-2' } }, peer, true], [{ admission: { profession: '1.2.3' } }, peer, false],
    [{ admission: { profession: 'ärztin/arzt' } }, peer, false],
    [{ admission: [{ profession: 'x' }, { profession: 'Zahnarzt', registrationNumber: '2-HBA-2' }] }, peer, true],
    [{ admission: { profession: 'x' } }, await issue({ cn: 'none' }), false],
    [{ admission: { registrationNumber: 'undefined' } }, await issue({ cn: 'unnumbered', admission: [{ profession: 'x' }] }), false],
    [{ admission: { profession: 'x', registrationNumber: '1' } }, broken, undefined]
  ])
  t.match(explain([{ admission: { profession: 'x' } }], broken).closest?.failed[0]?.note, /^the extension 1\.3\.36\.8\.3\.3 cannot be read: /)
  t.match(explain([{ admission: { profession: 'x' } }], peer).closest?.failed[0]?.found, [
    'profession Ärztin/Arzt, 1.2.276.0.76.4.30, registration number 1-HBA-1', 'profession Zahnarzt, 1.2.3, registration number 2-HBA-2'
  ])
})

test('extension: without the certificate none is known, and the explanation says so', async (t) => {
  const partial = createPartialIdentity({ subject: 'CN=a' })
  t.match(explain([{ extension: { oid: '1.2.3' } }], partial).closest?.failed[0], {
    result: 'unknown', found: undefined, note: 'the identity does not include it'
  })
})

test('extension: there, critical, and with a typed value', async (t) => {
  const peer = await issue({
    cn: 'ext',
    extensions: [
      { oid: '1.2.3.1', value: 'blue', critical: true }, { oid: '1.2.3.2', value: true }, { oid: '1.2.3.3', value: -5 },
      { oid: '1.2.3.4', value: { oid: '1.2.9' } }, { oid: '1.2.3.5', value: Buffer.from('not DER') },
      { oid: '1.2.3.6', value: Uint8Array.of(3, 2, 5, 0xa0) }, { oid: '1.2.3.7', value: 2n ** 70n }
    ]
  })
  const rule = (oid: string, more: object = {}): AllowRule => ({ extension: { oid, ...more } })
  hold(t, 'extension', [
    [rule('1.2.3.1'), peer, true], [rule('1.2.3.1', { critical: true }), peer, true], [rule('1.2.3.1', { critical: false }), peer, false],
    [rule('1.2.3.1', { value: ['red', 'blue'] }), peer, true], [rule('1.2.3.1', { critical: true, value: 'red' }), peer, false],
    [rule('1.2.3.2', { value: true }), peer, true], [rule('1.2.3.2', { value: 'true' }), peer, false],
    [rule('1.2.3.3', { value: -5 }), peer, true], [rule('1.2.3.4', { value: { oid: '1.2.9' } }), peer, true],
    [rule('1.2.3.5', { value: 'not DER' }), peer, undefined], [rule('1.2.3.5', { value: { raw: Buffer.from('not DER').toString('hex') } }), peer, true],
    [rule('1.2.3.5', { value: ['x', { raw: Buffer.from('not DER').toString('hex') }] }), peer, true],
    [rule('1.2.3.5'), peer, true], [rule('1.2.3.5', { critical: false }), peer, true],
    [rule('1.2.3.6', { value: { bits: '101' } }), peer, true], [rule('1.2.3.7', { value: { integer: String(2n ** 70n) } }), peer, true],
    [{ extension: [{ oid: '1.2.9' }, { oid: '1.2.3.2', value: true, critical: false }] }, peer, true]
  ])
  for (const missing of [rule('1.2.9'), rule('1.2.9', { critical: true, value: 'x' })]) {
    t.equal(ask(missing, peer), 0)
    t.equal(ask({ not: missing }, peer), 1)
  }
  t.match(explain([rule('1.2.3.1', { value: 'red' })], peer).closest?.failed[0], { found: ['1.2.3.1 critical text blue'] })
  t.match(explain([rule('1.2.3.5', { value: 'x' })], peer).closest?.failed[0], {
    result: 'unknown', found: [/^1\.2\.3\.5 raw 6e6f74/], note: 'the certificate has a value of a form that cannot be compared'
  })
})

test('extension: what is not known is not told as absent', async (t) => {
  const peer = createPartialIdentity({ subject: 'CN=x' })
  t.equal(ask({ extension: { oid: '1.2.3' } }, peer), undefined)
  t.equal(explain([{ extension: { oid: '1.2.3' } }], peer).closest?.failed[0]?.found, undefined)
})

test('extension: only those that the authority vouches for are known', async (t) => {
  const peer = limitPeerIdentity(await issue({ extensions: [{ oid: '1.2.3', value: 'x' }, { oid: '1.2.4', value: 'x' }] }), 'p', [], ['1.2.3', '1.2.5'])
  t.same(['1.2.3', '1.2.4', '1.2.5', '1.2.6'].map((oid) => ask({ extension: { oid } }, peer)), [1, undefined, 0, undefined])
  t.same(['1.2.3', '1.2.4', '1.2.5', '1.2.6'].map((oid) => ask({ not: { extension: { oid } } }, peer)), [0, undefined, 1, undefined])
  t.match(explain([{ extension: { oid: '1.2.4' } }], peer).closest?.failed[0], {
    isClaim: true, found: ['1.2.4 text x'], note: 'not believed: authority "p" does not vouch for extension 1.2.4'
  })
})

test('with authorities, a rule that none may satisfy is refused at start', async (t) => {
  const asked: string[] = []
  const authority = (name: string, kinds: readonly ClaimKind[], refused = ''): object => ({
    name,
    vouchesFor: (kind: ClaimKind) => kinds.includes(kind),
    mayClaim: (kind: ClaimKind, value: string) => {
      asked.push(`${kind} ${value}`)
      return value !== refused
    }
  })
  const compile = (rule: AllowRule, kinds: readonly ClaimKind[], refused?: string): unknown =>
    compileRules([rule], { authorities: [authority('p', kinds, refused)] as never })
  const rules: readonly [AllowRule, ClaimKind, readonly string[]][] = [
    [{ qualified: { type: 'web', statement: 'QcCompliance', psd2: { roles: ['PSP_AI', '1.2.3'], authority: 'DE-BAFIN' } } }, 'qualified',
      ['type=0.4.0.1862.1.6.3', 'statement=0.4.0.1862.1.1', 'roles=0.4.0.19495.1.3', 'authority=DE-BAFIN']],
    [{ admission: { profession: 'a', registrationNumber: '1' } }, 'admission', ['profession=a', 'registrationNumber=1']],
    [{ extension: { oid: '1.2.3', value: 'x' } }, 'extension', ['1.2.3']],
    [{ upn: 'a@b' }, 'upn', ['a@b']], [{ otherName: { oid: '1.2.3' } }, 'upn', ['otherName 1.2.3']],
    [{ otherName: { oid: UPN, value: ['a@b', 'c@d'] } }, 'upn', ['a@b']], [{ otherName: { oid: UPN } }, 'upn', []],
    [{ registeredId: '1.2.3' }, 'registeredId', ['1.2.3']], [{ directoryName: { o: 'a', cn: 'b' } }, 'subject', ['2.5.4.10=a', '2.5.4.3=b']],
    [{ directoryName: 'CN=a' }, 'subject', ['2.5.4.3=a']], [{ subject: { o: 'a', organizationIdentifier: { type: 'VAT' } } }, 'subject', ['2.5.4.10=a']]
  ]
  for (const [rule, kind, claims] of rules) {
    asked.length = 0
    compile(rule, [kind])
    t.same([...new Set(asked)], claims.map((claim) => `${kind} ${claim}`), JSON.stringify(rule))
    t.throws(() => compile(rule, ['dns']), { reason: 'never_matches', message: new RegExp(`authority "p" does not vouch for ${kind}$`) } as never)
    t.throws(() => compile({ cn: 'a', not: rule }, kind === 'subject' ? [] : ['subject']), { reason: 'never_matches' } as never)
    if (claims[0] !== undefined && rule.otherName === undefined && !('psd2' in Object(rule.qualified))) {
      t.throws(() => compile(rule, [kind], claims[0]), { reason: 'never_matches', message: /may not claim/ } as never)
    }
  }
})

test('lists the values of a peer for each key, as far as they are believed', async (t) => {
  const peer = await issue({ cn: 'a', upn: 'a@b', qualified: { type: 'web' } })
  t.same([listPeerValues(peer, 'cn'), listPeerValues(peer, 'upn'), listPeerValues(peer, 'ou')], [['a'], ['a@b'], []])
  t.same(listPeerValues(peer, 'qualified')?.[0], 'type web')
  t.equal(listPeerValues(limitPeerIdentity(peer, 'p', ['qualified']), 'qualified'), undefined)
  t.same(listPeerValues(await issue({ qualified: { compliance: false, psd2: { roles: '1.2.3', authority: 'DE-BAFIN' } } }), 'qualified'), [
    'role 1.2.3', 'authority DE-BAFIN', 'statement 0.4.0.19495.2'
  ])
  t.same(listPeerValues(await issue({ admission: { profession: 'a' } }), 'admission'), ['profession a'])
  const partial = createPartialIdentity({ subjectAltNames: { otherName: [{ type: '1.2.3', value: 'a' }, { type: '1.2.4' }] } })
  t.same(listPeerValues(partial, 'otherName'), ['1.2.3 a', '1.2.4 '])
})

test('organizationIdentifier: a part of another form is refused, whatever comes before or behind it', async (t) => {
  const good = { type: 'PSD', country: 'DE', state: 'CA', authority: 'BAFIN', number: '1' }
  t.doesNotThrow(() => compileRules([{ subject: { organizationIdentifier: good } }]))
  const wrong = {
    type: ['PS', 'PSDX', 'XPSD', 'psd', 'AB', 'ABC:', 'xAB:', 'AB:x', 'aB:', ':', 'PSD '],
    country: ['D', 'DEU', 'de', ' DE', 'D1'],
    state: ['ABCD', 'ca', 'C-', ' A', 'A '],
    authority: ['B', 'ABCDEFGHI', 'bafin', 'DE-BAFIN', 'BAFIN '],
    number: ['']
  }
  for (const [part, values] of Object.entries(wrong)) {
    for (const value of values) {
      const rule = { subject: { organizationIdentifier: { ...good, ...part === 'type' && { authority: undefined }, [part]: value } } }
      t.throws(() => compileRules([JSON.parse(JSON.stringify(rule))]), { code: 'MTLS_ERR_RULE_INVALID', path: `rules[0].subject.organizationIdentifier.${part}` }, `${part} ${value}`)
    }
  }
  for (const [part, value] of [['type', 'AB:'], ['type', '1A:'], ['type', 'VAT'], ['state', 'C'], ['state', 'C1D'], ['authority', 'AB'], ['authority', 'ABCDEFGH']] as const) {
    const rest = part === 'authority' ? good : { country: 'DE', number: '1' }
    t.doesNotThrow(() => compileRules([{ subject: { organizationIdentifier: { ...rest, [part]: value } } }]), `${part} ${value}`)
  }
})
