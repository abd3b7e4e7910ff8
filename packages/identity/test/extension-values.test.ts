import { test } from 'tap'
import {
  KEY_USAGE, readBasicConstraints, readCertificatePolicies, readExtendedKeyUsage, readKeyUsage
} from '@peerkit/identity/x509'
import { FALSE, TRUE, bits, hex, integer, oid, sequence, text } from './fixtures/der.ts'
import { derReason } from './fixtures/reason.ts'

test('reads basic constraints, an explicit FALSE included', async (t) => {
  t.same(readBasicConstraints(sequence()), { ca: false, pathLength: undefined })
  t.same(readBasicConstraints(sequence(FALSE)), { ca: false, pathLength: undefined })
  t.same(readBasicConstraints(sequence(TRUE, integer(3))), { ca: true, pathLength: 3 })
  t.equal(derReason(() => readBasicConstraints(sequence(hex('010101')))), 'boolean_invalid')
  t.equal(derReason(() => readBasicConstraints(sequence(TRUE, integer(0xff)))), 'integer_invalid')
  t.equal(derReason(() => readBasicConstraints(sequence(TRUE, integer(1), integer(1)))), 'trailing_data')
  t.equal(derReason(() => readBasicConstraints(Buffer.concat([sequence(), hex('00')]))), 'trailing_data')
})

test('reads key usage bits, the ninth included', async (t) => {
  t.equal(readKeyUsage(bits(hex('06'), 1)), KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign)
  t.equal(readKeyUsage(bits(hex('8080'), 7)), KEY_USAGE.digitalSignature | KEY_USAGE.decipherOnly)
  t.equal(readKeyUsage(bits(hex('00807f'))), KEY_USAGE.decipherOnly)
  t.equal(readKeyUsage(bits(hex(''))), 0)
  t.equal(derReason(() => readKeyUsage(bits(hex('07'), 1))), 'bit_string_invalid')
  t.equal(derReason(() => readKeyUsage(hex('03'))), 'truncated')
})

test('reads key purposes in order', async (t) => {
  t.same(
    readExtendedKeyUsage(sequence(oid('1.3.6.1.5.5.7.3.2'), oid('2.5.29.37.0'))), ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']
  )
  t.equal(derReason(() => readExtendedKeyUsage(sequence())), 'extension_invalid')
  t.equal(derReason(() => readExtendedKeyUsage(sequence(hex('0500')))), 'tag_unexpected')
})

test('reads policies with and without qualifiers, each once', async (t) => {
  const qualified = sequence(
    oid('2.23.140.1.2.1'), sequence(sequence(oid('1.3.6.1.5.5.7.2.1'), text(0x16, 'https://a')))
  )
  t.same(readCertificatePolicies(sequence(qualified, sequence(oid('1.2.3')))), ['2.23.140.1.2.1', '1.2.3'])
  t.equal(derReason(() => readCertificatePolicies(sequence())), 'extension_invalid')
  t.equal(
    derReason(() => readCertificatePolicies(sequence(sequence(oid('1.2.3')), sequence(oid('1.2.3'))))),
    'extension_invalid'
  )
  t.equal(
    derReason(() => readCertificatePolicies(sequence(sequence(oid('1.2.3'), sequence(), hex('0500'))))), 'trailing_data'
  )
})
