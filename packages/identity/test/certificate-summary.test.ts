import { createHash } from 'node:crypto'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { summarizeCertificate } from '@peerkit/identity/x509'
import { certificate, name, subjectAltName } from './fixtures/certificate.ts'
import { hex, sequence } from './fixtures/der.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const named = (value: string): Uint8Array => certificate({ subject: name([['2.5.4.3', 0x0c, value]]) })

test('names a certificate as its identity does', async (t) => {
  const ca = await createDevCa()
  for (const der of [ca.der, (await ca.issue({ cn: 'a, b', o: 'Müller' })).der, (await ca.intermediate()).der]) {
    const { subject, serialNumber, fingerprint256 } = parsePeerIdentity(der)
    const summary = summarizeCertificate(der)
    t.strictSame(summary, { subject: String(subject), serialNumber, fingerprint256 })
    t.ok(Object.isFrozen(summary))
  }
})

test('names a certificate that the strict reader refuses, as far as it can be read', async (t) => {
  const bad = certificate({
    subject: name([['2.5.4.3', 0x0c, 'bad']]),
    extensions: [subjectAltName(hex('820161ff'))]
  })
  t.throws(() => parsePeerIdentity(bad))
  t.strictSame(summarizeCertificate(bad), { subject: 'CN=bad', serialNumber: '0123', fingerprint256: sha256(bad) })
  const trailing = Buffer.concat([named('a'), Buffer.from([0])])
  t.match(summarizeCertificate(trailing), { subject: 'CN=a', fingerprint256: sha256(trailing) })
  const nameless = certificate({ subject: sequence() })
  t.match(summarizeCertificate(nameless), { subject: undefined, serialNumber: '0123' })
  const illegible = certificate({ subject: sequence(hex('0101ff')) })
  t.match(summarizeCertificate(illegible), {
    subject: undefined,
    serialNumber: '0123',
    fingerprint256: sha256(illegible)
  })
})

test('never throws, whatever the bytes are: cut off anywhere, or any octet another', async (t) => {
  const der = named('client')
  for (let length = 0; length < der.length; length += 1) {
    const cut = der.subarray(0, length)
    t.match(summarizeCertificate(cut).fingerprint256, sha256(cut))
  }
  let thrown = 0
  for (let at = 0; at < der.length; at += 1) {
    for (const octet of [0, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
      const changed = Buffer.from(der)
      changed[at] = octet
      try {
        summarizeCertificate(changed)
      } catch {
        thrown += 1
      }
    }
  }
  t.equal(thrown, 0)
  for (const bytes of ['', '30', '3084ffffffff', '30803080', '02']) {
    t.strictSame(summarizeCertificate(hex(bytes)), {
      subject: undefined,
      serialNumber: undefined,
      fingerprint256: sha256(hex(bytes))
    })
  }
})

test('what is shown is bounded: a name of 1,024 octets, 256 characters, a serial number of 20 octets', async (t) => {
  t.match(summarizeCertificate(named('x'.repeat(252))), { subject: `CN=${'x'.repeat(252)}` })
  t.match(summarizeCertificate(named('x'.repeat(300))), { subject: `CN=${'x'.repeat(252)}…` })
  t.equal(summarizeCertificate(named('x'.repeat(300))).subject?.length, 256)
  t.match(
    summarizeCertificate(named(`${'x'.repeat(251)}😀😀`)),
    { subject: `CN=${'x'.repeat(251)}…` },
    'and cuts no character in two'
  )
  t.match(summarizeCertificate(named('x'.repeat(1_100))), { subject: undefined, serialNumber: '0123' })
  const long = certificate({ serialNumber: Buffer.concat([hex('021a00'), Buffer.alloc(25, 0xab)]) })
  t.match(summarizeCertificate(long), { serialNumber: 'ab'.repeat(20) })
})
