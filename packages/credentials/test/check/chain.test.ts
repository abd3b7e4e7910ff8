import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '../../src/index.ts'
import { collect } from '../support/world.ts'

const ca = await createDevCa()
const other = await createDevCa({ name: 'Other' })
const intermediate = await ca.intermediate()
const leaf = await intermediate.issue({ cn: 'leaf' })
const base = { cert: leaf.chain, key: leaf.key, ca: ca.root }
const HOUR = 3_600_000

test('a chain that leads to an anchor is in order', async (t) => {
  for (const chain of ['required', 'reported', 'unchecked', undefined] as const) t.same(memoryCredentials({ ...base, chain }).current.warnings, [])
  t.same(memoryCredentials({ ...base, cert: leaf.chain + ca.root, chain: 'required' }).current.warnings, [], 'the root may stand at its end')
  t.match(memoryCredentials({ ...base, cert: leaf.cert, ca: intermediate.certificate, chain: 'required' }).current.warnings, [/is an intermediate CA; peers below it are accepted only if its root is in ca too/])
})

test("a server's own CA may be another than its clients', which is told and not refused", async (t) => {
  const warned = collect(t, 'warned')
  const source = memoryCredentials({ ...base, ca: other.root })
  t.match(source.current.warnings, [/^cert: the chain ends at .*, which is not in ca; peers must trust that CA themselves$/])
  t.match(warned, [{ v: 1, message: /the chain ends at/, generation: 1 }])
  t.same(memoryCredentials({ ...base, ca: other.root, chain: 'unchecked' }).current.warnings, [])
  t.throws(() => memoryCredentials({ ...base, ca: other.root, chain: 'required' }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain', message: /expected it to lead to a CA certificate in ca/ })
  t.throws(() => memoryCredentials({ ...base, cert: leaf.cert, chain: 'required' }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain' })
})

test('an impostor with the right name leads nowhere', async (t) => {
  const impostor = await createDevCa()
  const fake = await impostor.intermediate()
  t.throws(() => memoryCredentials({ ...base, cert: leaf.cert + fake.certificate }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain', message: /certificate 2 did not issue certificate 1/ })
  t.throws(() => memoryCredentials({ ...base, ca: impostor.root, chain: 'required' }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain' })
})

test('an intermediate that was there may not just be gone, unless nobody looks', async (t) => {
  const source = memoryCredentials(base)
  t.throws(() => source.update({ cert: leaf.cert }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain', message: /too, which was there before/ })
  t.equal(source.update({ cert: leaf.cert, ca: ca.root + intermediate.certificate }).intermediates.length, 0, 'as an anchor it is not missed')
  const careless = memoryCredentials({ ...base, chain: 'unchecked' })
  t.equal(careless.update({ cert: leaf.cert }).intermediates.length, 0)
})

test('trust moves away from the CA that signed us: that is refused by nobody', async (t) => {
  const source = memoryCredentials(base)
  t.match(source.update({ ca: other.root }), { trustEpoch: 2, warnings: [/not in ca/] })
})

test('certificates out of order, a root first, or one that is no CA in between are refused', async (t) => {
  const root = ca.certificate
  for (const cert of [leaf.cert + root + intermediate.certificate, leaf.cert + leaf.cert, leaf.cert + root]) {
    t.throws(() => memoryCredentials({ ...base, cert }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'bad_chain', message: /expected the leaf, then the issuer of each certificate/ })
  }
  t.throws(() => memoryCredentials({ ...base, cert: intermediate.certificate + leaf.cert }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: /a CA certificate \(the leaf must come first\)/ })
})

test('leaf and intermediates may come in texts of their own', async (t) => {
  const source = memoryCredentials({ ...base, cert: [leaf.cert, Buffer.from(intermediate.certificate)], chain: 'required' })
  t.equal(source.current.cert, leaf.chain)
  t.match(memoryCredentials({ cert: [leaf.key + leaf.cert, intermediate.certificate], ca: ca.root }).current.identity.subject, { commonName: 'leaf' })
})

test('our credentials end when the first of our certificates ends', async (t) => {
  const end = Math.floor(Date.now() / 1_000) * 1_000 + HOUR
  const short = await ca.intermediate({ notAfter: new Date(end) })
  const { chain, key } = await short.issue({ notAfter: new Date(end + HOUR) })
  t.equal(memoryCredentials({ cert: chain, key, ca: ca.root }).current.notAfter, end)
  const ended = await ca.intermediate({ notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  const under = await ended.issue()
  t.throws(() => memoryCredentials({ cert: under.chain, key: under.key, ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'expired', message: /which expired on/ })
})

test('an anchor out of its time is left out and told of, as long as another is left', async (t) => {
  const ended = await createDevCa({ name: 'Ended', notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  const early = await createDevCa({ name: 'Early', notBefore: new Date(Date.now() + HOUR) })
  const { current } = memoryCredentials({ ...base, ca: [ended.root, ca.root, early.root] })
  t.same(current.ca, [ca.root])
  t.match(current.warnings, [/ca: ignored .*Ended.*, which expired on/, /ca: ignored .*Early.*, which is not valid before/])
  t.throws(() => memoryCredentials({ ...base, ca: [ended.root, early.root] }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', message: /found 2 CA certificates, none of them valid now/ })
})

test('the epoch stays when the bundle is only written in another way', async (t) => {
  const source = memoryCredentials({ ...base, ca: [ca.root, other.root] })
  t.equal(source.update({ ca: `# two of them\n${other.root}\n${ca.root}${other.root}` }).trustEpoch, 1)
  t.equal(source.current.generation, 1, 'nor is that a rotation')
  t.equal(source.update({ ca: ca.root }).trustEpoch, 2)
})

test('CRLs may come from intermediates of peers, which are then no anchors', async (t) => {
  const clients = await ca.intermediate({ name: 'Clients' })
  const { pem: crl } = await clients.crl()
  t.throws(() => memoryCredentials({ ...base, crl }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' })
  const source = memoryCredentials({ ...base, crl, crlIssuers: clients.certificate })
  t.equal(source.current.anchors.length, 1)
  const client = await clients.issue({ cn: 'client' })
  clients.revoke(client)
  source.update({ crl: (await clients.crl()).der })
  t.equal(source.current.trustEpoch, 2)
  const { parsePeerIdentity } = await import('@peerkit/identity')
  t.match(source.current.revocation?.check(parsePeerIdentity(client.der), parsePeerIdentity(clients.der)), { state: 'revoked', source: 'crl' })
  t.throws(() => memoryCredentials({ ...base, crl, crlIssuers: leaf.cert }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', message: /crlIssuers: found .*, which is not a CA/ })
})

test('a CA that was made again has its old name and another key, which the warning says', async (t) => {
  const again = await createDevCa({ name: 'Made twice' })
  const before = await createDevCa({ name: 'Made twice' })
  const own = await before.issue({ dns: 'localhost' })
  t.match(memoryCredentials({ cert: own.cert, key: own.key, ca: again.root }).current.warnings, [/^cert: the chain ends at .*, but the CA of that name in ca has another key \(the CA was made again, or this is an older certificate\); peers must trust/])
})
