import { PSP_ROLES, QC_TYPES, parseDistinguishedName } from '@peerkit/identity'
import { test } from 'tap'
import { ca, issueAndRead } from './support/read.ts'

test('a qualified certificate of a payment service provider is read back as given', async (t) => {
  const { peer } = await issueAndRead({
    qualified: { type: 'web', psd2: { roles: ['PSP_AI', 'PSP_PI', '1.2.3'], authority: 'DE-BAFIN', authorityName: 'BaFin' } }
  })
  t.same(peer.qualified, {
    statements: ['0.4.0.1862.1.1', '0.4.0.1862.1.6', '0.4.0.19495.2'],
    types: [QC_TYPES.web],
    psd2: { roles: [PSP_ROLES.PSP_AI, PSP_ROLES.PSP_PI, '1.2.3'], authority: 'DE-BAFIN', authorityName: 'BaFin' }
  })
  const plain = await issueAndRead({ qualified: { compliance: false, type: ['eseal', '0.4.0.1862.1.6.1'] } })
  t.same(plain.peer.qualified, { statements: ['0.4.0.1862.1.6'], types: [QC_TYPES.eseal, QC_TYPES.esign], psd2: undefined })
  const short = await issueAndRead({ qualified: { psd2: { roles: 'PSP_AS', authority: 'ES-BDE' } } })
  t.match(short.peer.qualified?.psd2, { authority: 'ES-BDE', authorityName: 'ES-BDE' })
  t.match((await issueAndRead({ cn: 'a' })).peer.qualified, { statements: [] })
})

test('an admission is read back as given', async (t) => {
  const arzt = { profession: 'Ärztin/Arzt', professionOid: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-1' }
  const { peer } = await issueAndRead({ admission: arzt })
  t.same(peer.admission, [{
    professions: ['Ärztin/Arzt'], professionOids: ['1.2.276.0.76.4.30'], registrationNumber: '1-HBA-1'
  }])
  const several = await issueAndRead({ admission: [arzt, { profession: ['a', 'b'] }, { registrationNumber: '2' }] })
  t.same(several.peer.admission?.slice(1), [
    { professions: ['a', 'b'], professionOids: [], registrationNumber: undefined },
    { professions: [], professionOids: [], registrationNumber: '2' }
  ])
})

test('other names, registered IDs, key usages and attributes of every type are read back as given', async (t) => {
  const { peer } = await issueAndRead({
    otherName: [{ oid: '1.2.3', value: 'x' }, { oid: '1.2.4', value: { octets: Uint8Array.of(1, 2) } }],
    registeredId: ['1.2.5', '2.999.1'],
    keyUsage: ['keyAgreement', 'digitalSignature'],
    subject: [{ type: 'organizationIdentifier', value: 'PSDDE-BAFIN-123456' }, { type: '1.2.6', value: 'y' }]
  })
  t.match(peer.subjectAltNames?.otherName, [{ type: '1.2.3', value: 'x' }, { type: '1.2.4', value: undefined }])
  t.same(peer.subjectAltNames?.otherName[1]?.raw, Uint8Array.of(4, 2, 1, 2))
  t.same(peer.subjectAltNames?.registeredId, ['1.2.5', '2.999.1'])
  t.same(peer.keyUsage, ['digitalSignature', 'keyAgreement'])
  t.same(peer.subject?.values('organizationIdentifier'), ['PSDDE-BAFIN-123456'])
  t.same(String(peer.subject), String(parseDistinguishedName('1.2.6=#0c0179,organizationIdentifier=PSDDE-BAFIN-123456')))
  const one = await issueAndRead({ otherName: { oid: '1.2.3', value: 'x' }, registeredId: '1.2.5', keyUsage: [] })
  t.same([one.peer.subjectAltNames?.registeredId, one.peer.keyUsage], [['1.2.5'], []])
})

test('values of every type are encoded in extensions', async (t) => {
  const values = [
    ['text', 'text', 'text'], [true, 'boolean', true], [false, 'boolean', false], [-129, 'integer', '-129'],
    [2n ** 70n, 'integer', String(2n ** 70n)], [0, 'integer', '0'], [new Date(0), 'time', 0],
    [{ oid: '1.2.3' }, 'oid', '1.2.3'], [{ octets: Uint8Array.of(255) }, 'octets', 'ff'],
    [Uint8Array.of(5, 0), 'null', undefined]
  ] as const
  for (const [value, type, read] of values) {
    const { peer } = await issueAndRead({ extensions: [{ oid: '1.2.3.4', value, critical: true }] })
    t.match(peer.extension('1.2.3.4'), { critical: true, value: { type, value: read } }, type)
  }
})

test('wrong claims are refused, each with its option', async (t) => {
  const wrong: ReadonlyArray<readonly [object, RegExp]> = [
    [{ qualified: 'web' }, /qualified is "web"; expected an object/],
    [{ qualified: { typ: 'web' } }, /did you mean "type"/],
    [{ qualified: { type: 'website' } }, /qualified\.type is "website"; expected esign, eseal, web or a dotted OID/],
    [{ qualified: { psd2: { authority: 'DE-BAFIN' } } }, /qualified\.psd2\.roles is missing/],
    [{ qualified: { psd2: { roles: 'PSP_XX', authority: 'a' } } }, /qualified\.psd2\.roles is "PSP_XX"; expected PSP_AS, /],
    [{ admission: { professions: 'a' } }, /did you mean "profession"/],
    [{ admission: [{}, { professionOid: 'a' }] }, /admission\[1\]\.professionOid is "a"; expected a dotted OID/],
    [{ otherName: { oid: 'a', value: 'x' } }, /otherName is an object; expected \{ oid, value \}/],
    [{ otherName: [{ oid: '1.2.3' }] }, /otherName is a list; expected/],
    [{ registeredId: 'a' }, /registeredId is "a"; expected a dotted OID/],
    [{ keyUsage: ['signing'] }, /keyUsage\[0\] is "signing"; expected "digitalSignature"/],
    [{ extensions: [{ oid: '1.2.3', value: { oid: 'a' } }] }, /extensions is a list; expected a list of/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(ca.issue(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message }, JSON.stringify(options))
  }
})
