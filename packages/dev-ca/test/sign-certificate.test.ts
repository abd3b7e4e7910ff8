import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import type { KeyType } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'
import { ca, hexOf, isIssuedBy, issueAndRead } from './support/read.ts'

const KEYS: readonly KeyType[] = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519']
const DAY = 86_400_000

for (const key of KEYS) {
  test(`a CA with an ${key} key signs leaves and CRLs that verify`, async (t) => {
    const own = await createDevCa({ key })
    const leaf = await own.issue({ cn: 'leaf', key })
    t.ok(isIssuedBy(leaf.cert, own.certificate))
    t.ok(isIssuedBy(own.certificate, own.certificate))
    t.ok(new X509Certificate(leaf.cert).checkPrivateKey(createPrivateKey(leaf.key)))
    own.revoke(leaf)
    const issuers = [parsePeerIdentity(own.der)]
    t.ok(parseCrl((await own.crl()).pem, { issuers }).has(leaf.serialNumber))
    t.throws(() => parseCrl(own.certificate, { issuers }), { code: 'MTLS_ERR_CRL_INVALID' })
  })
}

test('keys are of the kind and size asked for', async (t) => {
  const kind = async (key: KeyType): Promise<unknown> => {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate((await ca.issue({ key })).cert).publicKey
    return [asymmetricKeyType, asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength]
  }
  t.same(
    await Promise.all(KEYS.map(kind)),
    [['ec', 'prime256v1'], ['ec', 'secp384r1'], ['rsa', 2048], ['rsa', 3072], ['ed25519', undefined]]
  )
})

test('serial numbers are random, positive and 16 octets long', async (t) => {
  const serials = await Promise.all(Array.from({ length: 50 }, async () => (await ca.issue()).serialNumber))
  t.equal(new Set(serials).size, 50)
  for (const serial of serials) t.match(serial, /^[4-7][0-9a-f]{31}$/)
})

test('a serial number can be chosen, and is reported as the suite reads it', async (t) => {
  for (const serialNumber of ['01', 'ff', '7F', '00ab', 'ffffffffffffffffffffffffffffffffffffffff']) {
    const issued = await ca.issue({ serialNumber })
    t.equal(issued.serialNumber, parsePeerIdentity(issued.der).serialNumber)
    t.equal(BigInt(`0x${issued.serialNumber}`), BigInt(`0x${serialNumber}`))
    t.equal(BigInt(`0x${new X509Certificate(issued.cert).serialNumber}`), BigInt(`0x${serialNumber}`))
  }
})

test('certificates in DER are plain arrays of octets with a memory of their own', async (t) => {
  for (const der of [ca.der, (await ca.issue()).der]) {
    t.equal(Object.getPrototypeOf(der), Uint8Array.prototype)
    t.equal(der.buffer.byteLength, der.length)
  }
})

test('every certificate says that it is for development', async (t) => {
  const intermediate = await ca.intermediate()
  const leaf = await ca.issue({ cn: 'leaf' })
  for (const der of [ca.der, intermediate.der, leaf.der]) {
    t.ok(Buffer.from(der).toString('hex').includes(hexOf('For development and tests only')))
  }
  t.match(parsePeerIdentity(leaf.der).issuer?.organization, /not for production/)
})

test('a leaf is valid for a week from five minutes ago, a CA for a month', async (t) => {
  const now = Date.now()
  const { peer } = await issueAndRead({ cn: 'leaf' })
  const span = (identity: typeof peer): number => (identity.notAfter ?? 0) - (identity.notBefore ?? 0)
  t.equal(span(peer), 7 * DAY + 5 * 60_000)
  t.equal(span(parsePeerIdentity(ca.der)), 30 * DAY + 5 * 60_000)
  t.ok((peer.notBefore ?? 0) < now)
})

test('validity is as asked: expired, not yet valid, by days, beyond 2049', async (t) => {
  const at = (year: number): Date => new Date(Date.UTC(year, 0, 1))
  const read = async (options: Parameters<typeof issueAndRead>[0]): Promise<unknown[]> => {
    const { peer, node } = await issueAndRead(options)
    t.equal(node.validToDate.getTime(), peer.notAfter)
    return [peer.notBefore, peer.notAfter]
  }
  t.same(await read({ notBefore: at(2001), notAfter: at(2002) }), [+at(2001), +at(2002)])
  t.same(await read({ notAfter: at(2002) }), [+at(2002) - 5 * 60_000, +at(2002)])
  t.same(await read({ notBefore: at(2040), days: 3 }), [+at(2040), +at(2040) + 3 * DAY])
  t.same(await read({ notBefore: at(2049), notAfter: at(2050) }), [+at(2049), +at(2050)])
  t.same(await read({ notBefore: at(2060), notAfter: at(9999) }), [+at(2060), +at(9999)])
})

test('a validity that cannot be is refused', async (t) => {
  const later = new Date(2030, 1)
  const refused = (options: object, message: RegExp): Promise<unknown> =>
    t.rejects(ca.issue(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message })
  await refused({ notBefore: later, notAfter: later }, /notAfter .* is not after notBefore/)
  await refused({ notBefore: later, notAfter: new Date(2029, 1) }, /notAfter/)
  await refused({ days: 1, notAfter: later }, /days and notAfter/)
  await refused({ days: 1e9 }, /days is 1000000000; expected an end before the year 10000/)
})
