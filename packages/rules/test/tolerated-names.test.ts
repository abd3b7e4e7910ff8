import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { compileRules } from '../src/index.ts'
import type { AllowRule } from '../src/index.ts'

const ca = await createDevCa()
const content = Buffer.concat([
  Buffer.from([0x81, 6]), Buffer.from('j\xfc@b.c', 'latin1'), Buffer.from([0x81, 5]), Buffer.from('a@b.c'),
  Buffer.from([0x86, 3]), Buffer.from('x:\xfc', 'latin1'), Buffer.from([0x82, 3]), Buffer.from('b.c')
])
const value = Buffer.concat([Buffer.from([0x30, content.length]), content])
const { der } = await ca.issue({ cn: 'odd', extensions: [{ oid: '2.5.29.17', value }] })
const peer = parsePeerIdentity(der, { tolerate: ['alt-names'] })

const allows = (rule: AllowRule): boolean => (compileRules([rule]).authorize(peer) as { allowed: boolean }).allowed

test('neither a rule about a kind with a name that cannot be read holds, nor its negation', async (t) => {
  for (const rule of [
    { email: 'a@b.c' }, { email: 'x@b.c' }, { uri: 'https://b.c/' }, { spiffe: 'spiffe://td/x' }, { spiffe: 'spiffe://td' }
  ] satisfies AllowRule[]) {
    t.notOk(allows(rule), JSON.stringify(rule))
    t.notOk(allows({ cn: 'odd', not: rule }), `not ${JSON.stringify(rule)}`)
  }
  t.ok(allows({ cn: 'odd' }))
  t.ok(allows({ dns: 'b.c' }))
  t.ok(allows({ cn: 'odd', not: { dns: 'x.c' } }))
})

test('a rule names a negative serial number in whole octets', async (t) => {
  for (const serialNumber of ['-01', '-00:01', '-7F']) {
    t.doesNotThrow(() => compileRules([{ issuer: 'CN=CA', serialNumber }]), serialNumber)
  }
  for (const serialNumber of ['-00', '-1', '-', '-0:1', '--01']) {
    t.throws(() => compileRules([{ issuer: 'CN=CA', serialNumber }]), { code: 'MTLS_ERR_RULE_INVALID' }, serialNumber)
  }
})
