import { inspect } from 'node:util'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { createTrustEvaluator } from '@peerkit/trust'
import { test } from 'tap'
import { authoritiesOf, fileTrust, memoryTrust } from '../src/index.ts'
import { makeFolder, nextMessage } from './support/world.ts'

const [ca, other] = [await createDevCa({ name: 'Clients' }), await createDevCa({ name: 'Other' })]

test('a trust without a certificate of our own has authorities, lists, and rotates', async (t) => {
  const bad = await ca.issue({ cn: 'bad' })
  await ca.revoke(bad.serialNumber)
  const crl = (await ca.crl()).pem
  const trust = memoryTrust({ authorities: { clients: { ca: ca.root, crl, names: { subject: { o: 'Example' } } } } })
  t.match(trust.current, { generation: 1, trustEpoch: 1, authorities: [{ name: 'clients' }], ca: [ca.root] })
  t.notOk('key' in trust.current || 'cert' in trust.current)
  t.ok(Object.isFrozen(trust.current))
  t.match(inspect(trust.current), /TrustSnapshot .*generation: 1/s)
  t.match(JSON.parse(JSON.stringify(trust.current)), { authorities: [{ name: 'clients' }], revocation: true })
  const evaluator = createTrustEvaluator({ authorities: () => authoritiesOf(trust.current, 'clients'), version: () => trust.current.trustEpoch })
  t.match(await evaluator.evaluate(bad.der), { accepted: false })
  t.match(await evaluator.evaluate((await ca.issue({ cn: 'x', o: 'Example' })).der), { accepted: true, authority: 'clients' })
  const changes: unknown[] = []
  trust.subscribe(({ type }) => { changes.push(type) })
  t.throws(() => trust.update({ authorities: { clients: { ca: ca.root } } }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' })
  const told = nextMessage('rotated')
  t.equal(trust.update({ ca: other.root }).trustEpoch, 2)
  t.match(await told, { generation: 2, identity: undefined, notAfter: undefined })
  t.same(changes, ['refused', 'rotated', 'recovered'])
  t.equal(trust.update({ ca: other.root }), trust.current)
  t.same(trust.current.generation, 2, 'the same again is no rotation')
  await trust.close()
  t.throws(() => trust.update({ ca: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
})

test('a trust from files is watched', async (t) => {
  const { paths, replace, folder } = await makeFolder(t)
  const trust = await fileTrust({ ca: paths.ca })
  t.same(trust.current.authorities.map(({ name }) => name), ['default'])
  const changed = new Promise<void>((resolve) => { trust.subscribe(({ type }) => { if (type === 'rotated') resolve() }) })
  await replace('ca.pem', other.root)
  await changed
  t.same(trust.current.anchors.map(({ subject }) => subject?.commonName), ['Other'])
  await replace('ca.pem', 'nonsense')
  await t.rejects(trust.reload(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /ca \(.*ca\.pem\)/ })
  await trust.close()
  await t.rejects(fileTrust({ authorities: { a: { ca: join(folder, 'none.pem') } } }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /authorities\.a\.ca/ })
})

test('what a trust does not know is refused', async (t) => {
  for (const [options, message] of [
    [{}, /ca is missing; expected CA certificates, or the option authorities/],
    [{ ca: ca.root, key: 'x' }, /unknown option "key" for memoryTrust/],
    [{ ca: ca.root, authorities: { a: { ca: ca.root } } }, /ca and authorities are both set/],
    [{ ca: 'ca.pem' }, /is the path "ca\.pem"/]
  ] as const) t.throws(() => memoryTrust(options as never), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message })
  await t.rejects(fileTrust({ cert: 'x', ca: 'y' } as never), { message: /unknown option "cert" for fileTrust/ })
  await t.rejects(fileTrust({} as never), { message: /ca is missing; expected CA certificates/ })
  await t.rejects(fileTrust({ ca: ca.root } as never), { message: /ca is PEM text/ })
  await t.rejects(fileTrust({ ca: 'ca.pem', watch: 1 } as never), { message: /watch is 1; expected true, false or "poll"/ })
})
