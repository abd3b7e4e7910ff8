import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { writeElement } from '../src/x509/der.ts'
import { crlChecker, parseCrl } from '../src/index.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { craftCrl, entry } from './support/craft.ts'
import { makeCa } from './support/identities.ts'
import { remint } from './support/remint.ts'

const { ca, identity, leaf } = await makeCa()

/** A certificate of the CA whose serial number has these octets. */
async function withSerial (octets: string): Promise<PeerIdentity> {
  const { der } = await leaf('peer')
  const serialNumber = writeElement(0x02, Buffer.from(octets, 'hex'))
  const minted = remint(der, { key: ca.key, serialNumber })
  return parsePeerIdentity(minted, { tolerate: ['serial-number'], chain: [identity] })
}

test('a CRL entry revokes the serial number of its encoded octets, and not the one of the other sign', async (t) => {
  const [negative, positive, low] = [await withSerial('ff'), await withSerial('00ff'), await withSerial('01')]
  t.same([negative.serialNumber, positive.serialNumber, low.serialNumber], ['-01', 'ff', '01'])
  for (const [octets, revoked] of [['ff', negative], ['00ff', positive], ['01', low]] as const) {
    const checker = crlChecker({ crls: [craftCrl({ ca, entries: [entry(octets)] })], issuers: [identity] })
    for (const peer of [negative, positive, low]) {
      const status = await checker.check(peer, identity)
      t.equal(status.state, peer === revoked ? 'revoked' : 'good', `${octets}, ${peer.serialNumber}`)
    }
    await checker.close()
  }
})

test('negative serial numbers of every length are found, by their text alone', (t) => {
  const serials = ['80', 'ff', 'ff7f', `80${'11'.repeat(19)}`, `80${'11'.repeat(20)}`, `80${'22'.repeat(63)}`]
  const list = parseCrl(craftCrl({ ca, entries: serials.map((octets) => entry(octets)) }), { issuers: [identity] })
  t.equal(list.size, serials.length)
  t.ok(list.has('-80'))
  t.ok(list.has('-01'))
  t.ok(list.has('-81'))
  for (const text of ['80', 'ff', 'ff7f', '7f', '-7f', '-00', '-', '-0', '-1', '-zz', `-${'ff'.repeat(80)}`]) {
    t.notOk(list.has(text), text)
  }
  for (const octets of serials.slice(3)) {
    const amount = (1n << BigInt(4 * octets.length)) - BigInt(`0x${octets}`)
    t.ok(list.has(`-${amount.toString(16)}`))
  }
  const same = serials.map((octets) => entry(octets))
  t.ok(list.isCoveredBy(parseCrl(craftCrl({ ca, entries: same }), { issuers: [identity] })))
  const positive = serials.map((octets) => entry(octets.length < 128 ? `00${octets}` : octets))
  t.notOk(list.isCoveredBy(parseCrl(craftCrl({ ca, entries: positive }), { issuers: [identity] })))
  t.end()
})

test('an OCSP request names a negative serial number by its octets', async (t) => {
  const request = writeOcspRequest(describeCertId(await withSerial('ff7f'), identity, 'sha1'), undefined)
  t.equal(Buffer.from(request).subarray(-4).toString('hex'), '0202ff7f')
})
