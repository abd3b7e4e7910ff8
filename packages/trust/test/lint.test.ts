import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { CertificateInvalidError } from '@peerkit/identity'
import { lintCertificate } from '../src/index.ts'
import { oid, sequence, text } from '@peerkit/test-support/der'
import {
  Party, altNames, basicConstraints, dns, inhibitAny, keyUsage, nameConstraints, policyConstraints
} from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'
import { outcome, validate } from './support/validate.ts'

const loose = (extension: Extension): Extension => ({ ...extension, critical: false })

test('finds nothing in what a development CA makes', async (t) => {
  const ca = await createDevCa()
  t.same(lintCertificate(ca.der), [])
  t.same(lintCertificate((await ca.issue()).der), [])
})

test('finds what RFC 5280 asks for and no validation needs', async (t) => {
  const root = new Party('CN=root')
  const own = root.root({ extensions: [{ oid: '2.5.29.15', value: new Uint8Array(0) }, loose(basicConstraints(true))] })
  t.same(
    lintCertificate(own), ['subject_key_identifier_missing', 'basic_constraints_not_critical', 'key_usage_missing']
  )
  const ca = new Party('CN=ca')
  const extensions = [loose(nameConstraints([dns('example.com')])), loose(policyConstraints(9)), loose(inhibitAny(0))]
  const certificate = root.certify(ca, { extensions })
  t.same(lintCertificate(certificate), [
    'authority_key_identifier_missing', 'subject_key_identifier_missing', 'name_constraints_not_critical',
    'policy_constraints_not_critical', 'inhibit_any_policy_not_critical'
  ])
  t.equal(outcome(ca.issue(), [certificate], [own]), 'valid', 'and all of it is believed')
  t.same(lintCertificate(ca.issue(
    '', { extensions: [altNames(dns('a_b.example'), dns('*.example.com'), dns('10.0.0.1'))] }
  )), ['authority_key_identifier_missing', 'alternative_name_not_critical', 'dns_name_syntax'])
  t.same(
    lintCertificate(ca.issue('CN=a', { extensions: [basicConstraints(false, 1)] })),
    ['authority_key_identifier_missing', 'path_length_without_ca']
  )
})

test('finds serial numbers of zero and of more than twenty octets', async (t) => {
  const ca = new Party('CN=ca')
  t.same(
    lintCertificate(ca.issue('CN=a', { serialNumber: Buffer.alloc(1) })),
    ['authority_key_identifier_missing', 'serial_number_zero']
  )
  t.same(
    lintCertificate(ca.issue('CN=a', { serialNumber: Buffer.alloc(20, 0x7f) })), ['authority_key_identifier_missing']
  )
  t.same(
    lintCertificate(ca.issue('CN=a', { serialNumber: Buffer.alloc(21, 0x7f) })),
    ['authority_key_identifier_missing', 'serial_number_too_long']
  )
})

test('finds access information that cannot be read', async (t) => {
  const ca = new Party('CN=ca')
  const lintAccess = (value: Uint8Array): boolean => lintCertificate(ca.issue(
    'CN=a', { extensions: [{ oid: '1.3.6.1.5.5.7.1.1', value }] }
  )).includes('authority_info_access_malformed')
  t.notOk(lintAccess(sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), text(0x86, 'http://ocsp.example')))))
  for (const value of [sequence(), Buffer.from('malformed'), sequence(sequence(oid('1.3.6.1.5.5.7.48.1')))]) {
    t.ok(lintAccess(value))
  }
})

test('is a reason to refuse by the option strict alone, in any certificate of the path', async (t) => {
  const ca = await createDevCa()
  const options = { strict: true, now: Date.now }
  t.equal(outcome((await ca.issue()).der, [], [ca.der], options), 'valid')
  t.match(validate((await ca.issue({ dns: 'a_b.example' })).der, [], [ca.der], options), { step: 'lint', detail: /breaks the rule dns_name_syntax$/ })
  const root = new Party('CN=root')
  t.equal(outcome(root.issue(), [], [root.root()]), 'valid')
  t.equal(outcome(root.issue(), [], [root.root()], { strict: true }), 'lint')
  const pinned = root.issue('CN=pinned')
  t.equal(outcome(pinned, [], [pinned]), 'valid')
  t.equal(outcome(pinned, [], [pinned], { strict: true }), 'lint')
})

test('refuses what is no certificate', async (t) => {
  t.throws(() => lintCertificate(new Uint8Array(5)), CertificateInvalidError)
})

test('a path length of a certificate that issues none', async (t) => {
  const root = new Party('CN=root')
  const has = (...extensions: readonly Extension[]): boolean =>
    lintCertificate(root.certify(new Party('CN=ca'), { extensions })).includes('path_length_without_ca')
  t.equal(has(basicConstraints(true, 1), keyUsage(5)), false)
  t.equal(has(basicConstraints(true, 1), keyUsage(6)), true, 'a CA that may sign lists alone')
  t.equal(has(basicConstraints(true, 1), { oid: '2.5.29.15', value: new Uint8Array(0) }), false, 'without a key usage it may')
  t.equal(has(basicConstraints(true), keyUsage(6)), false)
  t.equal(has(basicConstraints(false, 1)), true)
})

test('a DNS name that is no host', async (t) => {
  const root = new Party('CN=root')
  const isNoHost = (name: string): boolean => lintCertificate(root.issue('CN=a', { extensions: [altNames(dns(name))] })).includes('dns_name_syntax')
  for (const name of ['a_b.example', '10.0.0.1', 'a.1', '1', '*.a_b.example', '*.1', 'a..b', '*', 'a.*.example']) t.equal(isNoHost(name), true, name)
  for (const name of ['a.example', '*.a.example', '1a.example', '1.example', 'a.b1', 'a-b']) t.equal(isNoHost(name), false, name)
})
