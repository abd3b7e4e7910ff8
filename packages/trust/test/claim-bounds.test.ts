import { createDevCa } from '@peerkit/dev-ca'
import type { IssueOptions } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { NameBounds, createTrustEvaluator } from '../src/index.ts'
import type { AuthorityNames } from '../src/index.ts'

const ca = await createDevCa()
const bounds = (names: AuthorityNames): NameBounds => new NameBounds(names, 'names')
const issue = async (options: IssueOptions): Promise<PeerIdentity> => parsePeerIdentity((await ca.issue(options)).der)
const psd2 = { roles: ['PSP_AI', 'PSP_PI'], authority: 'DE-BAFIN' }
const qwac = await issue({ cn: 'tpp', qualified: { type: 'web', psd2 } })
const doctor = await issue({
  cn: 'doctor',
  admission: [{ profession: 'Arzt', professionOid: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-1' }, { profession: 'Arzt' }]
})
const malformed = await issue({
  extensions: [
    { oid: '1.3.6.1.5.5.7.1.3', value: Uint8Array.of(5, 0) }, { oid: '1.3.36.8.3.3', value: Uint8Array.of(5, 0) }
  ]
})

test('qualified: each part that is mentioned may have the listed values only', async (t) => {
  for (const qualified of [
    'any', { type: 'web' }, { type: ['eseal', '0.4.0.1862.1.6.3'] }, { authority: 'DE-BAFIN' }, { roles: ['PSP_AI', 'PSP_PI', '1.2.3'] },
    { type: 'web', roles: ['PSP_PI', 'PSP_AI'], authority: ['ES-BDE', 'DE-BAFIN'] }
  ] as const) {
    t.equal(bounds({ qualified }).findOutside(qwac), undefined, JSON.stringify(qualified))
    t.equal(bounds({ qualified }).findOutside(doctor), undefined, 'no claim is outside of nothing')
  }
  for (const [qualified, name] of [
    [{ type: 'eseal' }, 'type=0.4.0.1862.1.6.3'], [{ roles: 'PSP_AI' }, 'roles=0.4.0.19495.1.2'],
    [{ authority: 'ES-BDE' }, 'authority=DE-BAFIN'], [{ authority: 'de-bafin' }, 'authority=DE-BAFIN']
  ] as const) {
    t.match(bounds({ qualified }).findOutside(qwac), { kind: 'qualified', name, bound: /=/ })
  }
  t.equal(bounds({ qualified: { type: 'web', authority: ['DE-BAFIN', 'ES-BDE'] } }).describe('qualified'), 'type=web,authority=DE-BAFIN|ES-BDE')
})

test('admission: the same, over all professions', async (t) => {
  const both = ['Arzt', '1.2.276.0.76.4.30']
  t.equal(bounds({ admission: { profession: both } }).findOutside(doctor), undefined)
  t.equal(bounds({ admission: { registrationNumber: '1-HBA-1' } }).findOutside(doctor), undefined)
  t.match(bounds({ admission: { profession: 'Arzt' } }).findOutside(doctor), { kind: 'admission', name: 'profession=1.2.276.0.76.4.30' })
  t.match(bounds({ admission: { profession: both, registrationNumber: '2' } }).findOutside(doctor), { name: 'registrationNumber=1-HBA-1' })
})

test('a claim that cannot be read is outside of a bound, and unknown without one', async (t) => {
  for (const names of [{ qualified: { type: 'web' } }, { admission: { profession: 'Arzt' } }] as const) {
    const [kind] = Object.keys(names)
    t.match(bounds(names).findOutside(malformed), { kind, name: undefined, flaw: /cannot be read/ })
    t.match(bounds(names).findFault(malformed, 'partner')?.text, /that cannot be read, which may be outside of what authority "partner" vouches for \(.*\); the extension 1\.3\./)
    t.equal(bounds({ [kind as 'admission']: 'any' }).findOutside(malformed), undefined)
  }
  t.equal(bounds({}).findOutside(malformed), undefined)
  t.equal(bounds({ qualified: { type: 'web' } }).findOutside(createPartialIdentity({ subject: 'CN=a' })), undefined)
})

test('extension: the list says which are believed, and refuses none', async (t) => {
  t.equal(bounds({ extension: ['1.2.3', '1.2.4'] }).findOutside(qwac), undefined)
  t.same(bounds({ extension: ['1.2.3', '1.2.4'] }).believedExtensions, ['1.2.3', '1.2.4'])
  t.same([bounds({ extension: 'any' }), bounds({}), bounds('any')].map(({ believedExtensions }) => believedExtensions), [undefined, undefined, undefined])
  t.same(['1.2.3', '1.2.5'].map((oid) => bounds({ extension: '1.2.3' }).mayClaim('extension', oid)), [true, false])
})

test('a rule may ask for what is within a bound', async (t) => {
  const names = bounds({ qualified: { type: 'web' }, admission: { profession: 'Arzt' } })
  t.same(['type=0.4.0.1862.1.6.3', 'type=0.4.0.1862.1.6.2', 'authority=DE-BAFIN'].map((claim) => names.mayClaim('qualified', claim)), [true, false, true])
  t.same(['profession=Arzt', 'profession=Zahnarzt', 'registrationNumber=1'].map((claim) => names.mayClaim('admission', claim)), [true, false, true])
})

test('what is no bound is refused, with the option, what was found and what was expected', async (t) => {
  for (const [names, message] of [
    [{ qualified: 'web' }, /names\.qualified is "web"; expected "any", or an object such as/],
    [{ qualified: {} }, /names\.qualified is an .*object; expected "any"/],
    [{ qualified: { typ: 'web' } }, /unknown option "typ" for names\.qualified; did you mean "type"\?/],
    [{ qualified: { type: 'website' } }, /names\.qualified\.type is "website"; expected esign, eseal, web or an OID/],
    [{ qualified: { roles: [] } }, /names\.qualified\.roles is an empty list; expected PSP_AS/],
    [{ qualified: { roles: [5] } }, /names\.qualified\.roles is 5/],
    [{ qualified: { authority: '' } }, /names\.qualified\.authority is an empty string; expected an NCAId/],
    [{ admission: ['Arzt'] }, /names\.admission is a list; expected "any"/],
    [{ admission: { profession: '' } }, /names\.admission\.profession is an empty string/],
    [{ extension: 'blue' }, /names\.extension is "blue"; expected an OID/],
    [{ registeredId: [] }, /names\.registeredId is an empty list/]
  ] as const) {
    t.throws(() => bounds(names as AuthorityNames), { code: 'MTLS_ERR_PATH_OPTION', message }, JSON.stringify(names))
  }
})

test('the evaluator limits an identity to what its authority vouches for, also after a change', async (t) => {
  const { der } = await ca.issue({ cn: 'a', qualified: { type: 'web' }, extensions: [{ oid: '1.2.3', value: 'x' }] })
  let names: AuthorityNames = { subject: 'any', extension: '1.2.3' }
  let version = 0
  const evaluator = createTrustEvaluator({
    authorities: () => [{ name: 'partner', ca: [ca.der], names }], version: () => version
  })
  const peerOf = async (): Promise<PeerIdentity> => {
    const decision = await evaluator.evaluate(der)
    if (!decision.accepted) throw new Error(decision.reason)
    return decision.peer
  }
  const first = await peerOf()
  t.same([first.qualified, first.extension('1.2.3')?.critical, first.extension('1.2.4')], [undefined, false, undefined])
  names = { subject: 'any', extension: '1.2.4', qualified: 'any' }
  version++
  const second = await peerOf()
  t.same([second.qualified?.types.length, second.extension('1.2.3'), second.extension('1.2.4')], [1, undefined, null])
  names = { subject: 'any', extension: ['1.2.4', '1.2.3'], qualified: 'any' }
  version++
  t.match((await peerOf()).extension('1.2.3'), { critical: false })
  names = { subject: 'any', qualified: { type: 'eseal' } }
  version++
  t.match(await evaluator.evaluate(der), { accepted: false })
})
