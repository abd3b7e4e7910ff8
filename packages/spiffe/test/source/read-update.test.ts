import { test } from 'tap'
import { SpiffeInvalidError } from '../../src/errors.ts'
import { readUpdate } from '../../src/source/read-update.ts'
import type { SvidUpdate } from '../../src/source/read-update.ts'
import { readSvidResponse } from '../../src/workload-api/messages.ts'
import { derOf, svidOf, writeSvidResponse } from '../support/messages.ts'
import type { ResponseFields, SvidFields } from '../support/messages.ts'
import { TrustDomain } from '../support/world.ts'

const [prod, partner] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example')]
const svid = await prod.svid()
const read = (response: ResponseFields): SvidUpdate => readUpdate(readSvidResponse(writeSvidResponse(response)))

test('an SVID below an intermediate', async (t) => {
  const below = await prod.ca.intermediate({ name: 'Below' })
  const issued = await below.issue({ spiffe: 'spiffe://prod.example/x' })
  const { svids, bundles } = read({ svids: [svidOf(issued, prod.ca, 'spiffe://prod.example/x', 'main')] })
  t.match(svids, [{ spiffeId: 'spiffe://prod.example/x', trustDomain: 'prod.example', hint: 'main' }])
  t.same(derOf(svids[0]?.cert ?? ''), derOf(issued.chain))
  t.same([...bundles.keys()], ['prod.example'])
})

test('a response with a fault is refused as a whole', async (t) => {
  const without = (field: keyof SvidFields): SvidFields => ({ ...svid, [field]: field === 'spiffeId' ? '' : Buffer.alloc(0) })
  const issue = async (options: object): Promise<SvidFields> => svidOf(await prod.ca.issue(options), prod.ca, 'spiffe://prod.example/ledger')
  for (const [what, fields, reason, message] of [
    ['no SVID', undefined, 'empty', /no X\.509-SVID/],
    ['no ID', without('spiffeId'), 'empty', /no spiffe_id/],
    ['no certificate', without('certificates'), 'empty', /no x509_svid$/],
    ['no key', without('key'), 'empty', /no x509_svid_key/],
    ['no bundle', without('bundle'), 'empty', /no bundle/],
    ['an ID in upper case', { ...svid, spiffeId: 'spiffe://PROD.example/ledger' }, 'svid', /no valid SPIFFE ID/],
    ['the ID of another', { ...svid, spiffeId: 'spiffe://prod.example/other' }, 'svid', /expected a leaf with that SPIFFE ID/],
    ['a trust domain alone', { ...svid, spiffeId: 'spiffe://prod.example' }, 'svid', /expected a leaf/],
    ['two URIs', await issue({ uri: ['spiffe://prod.example/ledger', 'https://prod.example'] }), 'svid', /the URIs "spiffe:\/\/prod.example\/ledger, https:\/\/prod.example"/],
    ['no URI', await issue({ cn: 'ledger' }), 'svid', /the URIs ""/],
    ['a CA', { ...svid, certificates: prod.bundle }, 'svid', /a CA certificate/],
    ['garbage', { ...svid, certificates: Buffer.from('garbage') }, 'malformed', /certificate 1 is not DER/],
    ['half a certificate', { ...svid, certificates: (svid.certificates as Buffer).subarray(0, 100) }, 'malformed', /certificate 1/],
    ['a tail', { ...svid, certificates: Buffer.concat([svid.certificates as Buffer, Buffer.from([0x30])]) }, 'malformed', /certificate 2/],
    ['DER that is no certificate', { ...svid, certificates: Buffer.from([0x30, 0]) }, 'malformed', /./],
    ['a bundle of garbage', { ...svid, bundle: Buffer.from('garbage') }, 'malformed', /the bundle of prod.example: certificate 1/],
    ['a bundle with a leaf', { ...svid, bundle: svid.certificates as Buffer }, 'svid', /which is not a CA/]
  ] as const) {
    t.throws(() => read({ svids: fields === undefined ? [] : [fields] }), { code: 'MTLS_ERR_SPIFFE_INVALID', reason, message } as unknown as Error, what)
    t.throws(() => read({ svids: fields === undefined ? [] : [svid, fields] }), fields === undefined ? /no X/ : { reason } as unknown as Error, `${what}, second`)
  }
  t.throws(() => read({ svids: [svid, { ...svid, bundle: partner.bundle }] }), /two bundles for prod\.example/)
})

test('federated bundles', async (t) => {
  const federatedBundles = { 'spiffe://partner.example': partner.bundle, 'other.example': prod.bundle, 'spiffe://empty.example': Buffer.alloc(0) }
  const { bundles } = read({ svids: [svid], federatedBundles })
  t.same([...bundles.keys()], ['prod.example', 'partner.example', 'other.example'], 'an empty one is none')
  const own = read({ svids: [svid], federatedBundles: { 'spiffe://prod.example': partner.bundle } }).bundles.get('prod.example')
  t.match(own, { anchors: [{ subject: { commonName: 'CA of prod.example' } }] }, 'nobody else says whom our own trust domain trusts')
  for (const name of ['', 'spiffe://UPPER', 'spiffe://partner.example/path', 'https://partner.example', 'spiffe://']) {
    t.throws(() => read({ svids: [svid], federatedBundles: { [name]: partner.bundle } }), { code: 'MTLS_ERR_SPIFFE_INVALID', reason: 'trust_domain' } as unknown as Error, name)
  }
  t.throws(() => read({ svids: [svid], federatedBundles: { 'spiffe://partner.example': partner.bundle, 'partner.example': prod.bundle } }), /two bundles for partner\.example/)
})

test('a federated bundle with a fault is the fault of that trust domain alone', async (t) => {
  const leaf = derOf((await partner.ca.issue({ cn: 'leaf' })).cert)
  for (const [bundle, message] of [[Buffer.from('garbage'), /is not DER/], [leaf, /is not a CA/], [Buffer.concat([partner.bundle, leaf]), /is not a CA/], [Buffer.from([0x30, 0]), /./]] as const) {
    const { bundles, svids } = read({ svids: [svid], federatedBundles: { 'spiffe://partner.example': bundle } })
    const found = bundles.get('partner.example')
    t.ok(found instanceof SpiffeInvalidError)
    t.match((found as Error).message, message)
    t.equal(svids.length, 1)
  }
})
