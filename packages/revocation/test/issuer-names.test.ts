import { parsePeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { createHash } from 'node:crypto'
import { test } from 'tap'
import { crlChecker, crlUrlChecker, parseCrl, verifyOcspResponse } from '../src/index.ts'
import { writeElement } from '../src/x509/der.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { craftCrl, entry, extension, integer } from './support/craft.ts'
import { startCrlServer } from './support/crl-server.ts'
import { makeCa } from './support/identities.ts'
import { nameDer, rewriteName } from './support/names.ts'
import { craftOcspResponse, readRequest } from './support/ocsp-responder.ts'
import { remint } from './support/remint.ts'

const UTF8 = 0x0c
const PRINTABLE = 0x13
const BMP = 0x1e
const { ca, identity, leaf } = await makeCa({ name: 'Partner CA' })
const other = await makeCa({ name: 'Other CA' })
const good = await leaf('good')
const bad = await leaf('bad')
const listed = entry(bad.serialNumber.replace(/^(?=[89a-f])/, '00'))
const subject = readCertificate(ca.der).subjectRaw
const written: [how: string, name: Uint8Array][] = [
  ['as PrintableString', rewriteName(subject, PRINTABLE)],
  ['as BMPString', rewriteName(subject, BMP)],
  ['in capitals', rewriteName(subject, UTF8, (text) => text.toUpperCase())],
  ['with more spaces', rewriteName(subject, UTF8, (text) => ` ${text.replace(' ', '   ')} `)]
]

test('finds the CRL of a CA whose name is written in another way', async (t) => {
  for (const [how, issuer] of written) {
    const crl = craftCrl({ ca, issuer, entries: [listed] })
    t.equal(parseCrl(crl, { issuers: [other.identity, identity] }).verifiedBy, identity, how)
    const checker = crlChecker({
      crls: [crl, craftCrl({ ca: other.ca })], issuers: [other.identity, identity], foreignCrls: 'ignore'
    })
    t.same(checker.foreign, [], how)
    for (const asked of [identity, undefined]) {
      t.match(checker.check(bad.identity, asked), { state: 'revoked' }, how)
      t.match(checker.check(good.identity, asked), { state: 'good' }, how)
    }
    await checker.close()
  }
})

test('a name that differs is another CA\'s, and a name out of bounds nobody\'s', async (t) => {
  for (const name of ['Partner CB', 'PartnerCA', 'Partner CA\u0000']) {
    t.throws(
      () => parseCrl(craftCrl({ ca, issuer: nameDer(name) }), { issuers: [identity] }),
      { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_unknown' }
    )
  }
  t.throws(
    () => parseCrl(craftCrl({ ca, issuer: nameDer('x'.repeat(110_000)) }), { issuers: [identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed', message: /name has 1100\d\d bytes/ }
  )
  t.throws(
    () => parseCrl(craftCrl({ ca, issuer: Uint8Array.of(0x30, 2, 0x31, 0) })),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed' },
    'an empty RDN'
  )
})

test('lists of one CA are put together, however each is written', async (t) => {
  const issuer = written[2]![1]
  const base = craftCrl({ ca, number: 5 })
  const delta = craftCrl({
    ca, issuer, number: 6, extensions: [extension('2.5.29.27', true, integer(5))], entries: [listed]
  })
  const checker = crlChecker({ crls: [base, delta], issuers: [identity] })
  t.match(checker.check(bad.identity, identity), { state: 'revoked' }, 'a delta of a complete one')
  const [one, two] = checker.lists
  t.equal(one!.issuerKey, two!.issuerKey)
  t.not(one!.issuerName, two!.issuerName)
  checker.replace([craftCrl({ ca, issuer, number: 7, entries: [listed] }), base])
  t.match(checker.check(bad.identity, identity), { state: 'revoked' }, 'the newer of two')
  await checker.close()
})

test('an older list is refused, however it is written', async (t) => {
  const server = await startCrlServer()
  t.teardown(() => server.close())
  server.files.set('/', craftCrl({ ca, number: 6, entries: [listed] }))
  const checker = await crlUrlChecker({ urls: [`${server.url}/`], issuers: [identity] })
  server.files.set('/', craftCrl({ ca, issuer: written[0]![1], number: 5 }))
  await t.rejects(checker.refresh(), { code: 'MTLS_ERR_CRL_UNAVAILABLE', reason: 'rolled_back' })
  t.match(checker.check(bad.identity, identity), { state: 'revoked' })
  await checker.close()
})

test('a leaf that writes its issuer in another way is one of that CA, and so is its policy', async (t) => {
  const twisted = parsePeerIdentity((await ca.issue({ cn: 'twisted' })).der)
  const capitals = await makeCa({ name: 'PARTNER  CA' })
  const checker = crlChecker({
    crls: [craftCrl({ ca: capitals.ca })],
    issuers: [capitals.identity],
    policy: { issuers: { [String(identity.subject).toLowerCase()]: 'soft' } }
  })
  t.match(checker.check(twisted, capitals.identity), { state: 'good' })
  t.match(checker.check(twisted, other.identity), { why: 'issuer_mismatch' })
  t.equal(checker.permits({ state: 'unknown', why: 'no_crl' }, twisted), true)
  t.equal(checker.permits({ state: 'unknown', why: 'no_crl' }, (await other.leaf('x')).identity), false)
  await checker.close()
})

test('OCSP is asked with the issuer as the certificate names it, and answers with either name are taken', async (t) => {
  const capitals = await makeCa({ name: 'PARTNER CA' })
  // Both names are of one CA here: the certificate says `Partner CA`, the CA's own certificate says `PARTNER CA`.
  const certId = describeCertId(good.identity, capitals.identity, 'sha256')
  t.equal(certId.nameHash, createHash('sha256').update(subject).digest('hex'))
  const asked = writeOcspRequest(certId, undefined)
  t.match(
    verifyOcspResponse(craftOcspResponse(capitals.ca, asked, {}), good.identity, capitals.identity), { state: 'good' }
  )
  const own = {
    ...certId, nameHash: createHash('sha256').update(readCertificate(capitals.ca.der).subjectRaw).digest('hex')
  }
  t.match(verifyOcspResponse(
    craftOcspResponse(capitals.ca, asked, { certIds: [readRequest(writeOcspRequest(own, undefined)).certId] }),
    good.identity,
    capitals.identity
  ), { state: 'good' })
  const strange = { ...certId, nameHash: createHash('sha256').update(nameDer('partner ca')).digest('hex') }
  t.throws(() => verifyOcspResponse(
    craftOcspResponse(capitals.ca, asked, { certIds: [readRequest(writeOcspRequest(strange, undefined)).certId] }),
    good.identity,
    capitals.identity
  ), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'certificate_mismatch' })
})

test('a responder is found by its name, and a delegate by its issuer\'s, however they are written', async (t) => {
  const asked = writeOcspRequest(describeCertId(good.identity, identity, 'sha1'), undefined)
  const byName = (name: Uint8Array): Uint8Array => writeElement(0xa1, name)
  for (const [how, name] of written) {
    t.match(
      verifyOcspResponse(craftOcspResponse(ca, asked, { responderId: byName(name) }), good.identity, identity),
      { state: 'good' },
      how
    )
  }
  t.throws(() => verifyOcspResponse(
    craftOcspResponse(ca, asked, { responderId: byName(nameDer('Partner')) }), good.identity, identity
  ), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'signer_unknown' })
  const delegate = await leaf('responder', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
  for (const [how, issuer] of written) {
    const signer = { der: remint(delegate.der, { key: ca.key, issuer }), key: delegate.key }
    t.match(
      verifyOcspResponse(craftOcspResponse(ca, asked, { signer }), good.identity, identity),
      { state: 'good', signer: { delegated: true } },
      how
    )
  }
  const strange = { der: remint(delegate.der, { key: ca.key, issuer: nameDer('Other CA') }), key: delegate.key }
  t.throws(
    () => verifyOcspResponse(craftOcspResponse(ca, asked, { signer: strange }), good.identity, identity),
    { code: 'MTLS_ERR_OCSP_INVALID', reason: 'signer_not_authorized' }
  )
})
