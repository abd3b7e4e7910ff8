import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { memoryCredentials } from '../src/index.ts'
import type { MemoryCredentials } from '../src/index.ts'
import { craftCrl } from './support/craft-crl.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'

// What a rotation of CRLs must not take back.

const HOUR = 3_600_000
const refusal = (message: RegExp): {
  code: string,
  reason: string,
  message: RegExp
} => ({ code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message })
const ca = await createDevCa({ name: 'A' })
const own = await ca.issue({ dns: 'localhost' })
const base = { cert: own.chain, key: own.key, ca: ca.root }
const stolen = await ca.issue({ cn: 'stolen' })
const revoked = [stolen.serialNumber]
const identity = parsePeerIdentity(stolen.der)
const issuer = parsePeerIdentity(ca.der)
const stateOf = async ({ current: { revocation } }: MemoryCredentials): Promise<string | undefined> =>
  (await revocation?.check(identity, issuer))?.state

test('a part takes not the place of a whole list, nor an older whole one that of a part', async (t) => {
  const whole = craftCrl(ca, { number: 5, from: -2, until: 2, revoked })
  const older = craftCrl(ca, { number: 4, from: -3 })
  const part = craftCrl(ca, { number: 6, from: -1, point: 'http://crl.example/a' })
  const clock = new ManualClock()
  const credentials = memoryCredentials({ ...base, crl: whole, clock })
  t.after(async () => { await credentials.close() })
  const expected =
    /the CRL of CN=A.* is missing, which covers all certificates; .*expected it as well until it expires on /
  t.throws(() => credentials.update({ crl: part }), refusal(expected))
  t.throws(() => credentials.update({ crl: [part, older] }),
    refusal(/the CRL of CN=A.* is older than the current one/))
  credentials.update({ crl: [part, whole] })
  t.throws(() => credentials.update({ crl: part }), refusal(expected))
  t.equal(await stateOf(credentials), 'revoked')
  clock.advance(3 * HOUR)
  credentials.update({ crl: part })
  t.throws(() => credentials.update({ crl: [part, older] }),
    refusal(/is older than the current one for a part of its certificates/))
})

test('a list in force counts until the next one begins', async (t) => {
  const current = craftCrl(ca, { number: 1, revoked })
  const next = craftCrl(ca, { number: 2, from: 1 })
  const clock = new ManualClock()
  const credentials = memoryCredentials({ ...base, crl: current, clock })
  t.after(async () => { await credentials.close() })
  t.throws(() => credentials.update({ crl: next }),
    refusal(/the CRL of CN=A.* starts on .*; expected the current one, of .*, as well until then/))
  credentials.update({ crl: [current, next] })
  t.equal(await stateOf(credentials), 'revoked')
  t.throws(() => credentials.update({ crl: next }), refusal(/starts on/))
  clock.advance(HOUR)
  t.equal(await stateOf(credentials), 'good')
  credentials.update({ crl: next })
})

test('of lists of one time and number none is lost', async (t) => {
  const credentials = memoryCredentials({ ...base, crl: craftCrl(ca, { number: 5, revoked }) })
  t.after(async () => { await credentials.close() })
  const others = craftCrl(ca, { number: 5, revoked: ['11', '22'] })
  t.throws(() => credentials.update({ crl: others }),
    refusal(/lacks certificates that the current one of the same time and number lists/))
  t.equal(await stateOf(credentials), 'revoked')
})

test('a CA that has rolled over to a new key is gone at once, though its old list still lies about', async (t) => {
  const name = { subject: [{ type: 'CN', value: 'K' }] } as const
  const [old, fresh] = [await createDevCa(name), await createDevCa(name)]
  const warning =
    /^crl: ignored the CRL of CN=K, signed with another key than that of the CA of this name in ca, intermediates or/
  const uncovered = /^crl: there is no CRL of CN=A,/
  const lists = {
    bare: [old, fresh].map((each) => craftCrl(each, {})),
    named: [(await old.crl()).der, (await fresh.crl()).der]
  }
  for (const [how, crl] of Object.entries(lists)) {
    const credentials = memoryCredentials({ ...base, ca: [ca.root, old.root, fresh.root], crl })
    t.match(credentials.current.warnings, [uncovered], how)
    t.match(credentials.update({ ca: [ca.root, fresh.root] }).warnings, [warning, uncovered], how)
    t.strictSame(credentials.current.anchors.length, 2)
    const later = (await fresh.crl()).der
    t.match(credentials.update({ crl: [crl[0]!, later] }).warnings, [warning, uncovered], 'and in the rotation after that')
    await credentials.close()
  }
  const both = { ...base, ca: [ca.root, fresh.root] }
  t.throws(() => memoryCredentials({ ...both, crl: lists.bare }), refusal(/its signature is not valid for CN=K/),
    'nobody has ever verified it')
  t.match(memoryCredentials({ ...both, crl: lists.named }).current.warnings, [warning, uncovered], 'it names its key itself')
  t.throws(() => memoryCredentials({ ...both, crl: lists.named[0] }),
    refusal(/found only CRLs of CN=K, signed with another key than/), 'but not alone')
  const broken = Buffer.from(lists.named[1]!)
  broken[broken.length - 1]! ^= 1
  t.throws(() => memoryCredentials({ ...both, crl: [lists.named[0]!, broken] }),
    refusal(/its signature is not valid for CN=K/))
})

test('a CA that moves to another authority takes its list with it', async (t) => {
  const partner = await createDevCa({ name: 'Partner' })
  const bad = await partner.issue({ cn: 'bad' })
  const before = (await partner.crl({ thisUpdate: new Date(Date.now() - HOUR) })).der
  partner.revoke(bad)
  const { der } = await partner.crl()
  const named = { names: 'any' } as const
  const credentials = memoryCredentials({
    cert: own.chain,
    key: own.key,
    authorities: { one: { ...named, ca: [ca.root, partner.root], crl: der } }
  })
  t.after(async () => { await credentials.close() })
  const moveTo = (crl: Uint8Array | undefined): object => ({
    authorities: {
      one: { ...named, ca: ca.root },
      two: { ...named, ca: partner.root, crl: crl && Buffer.from(crl) }
    }
  })
  t.throws(() => credentials.update(moveTo(before)), refusal(/authorities\.two\.crl: the CRL of CN=Partner.* is older/))
  t.throws(() => credentials.update(moveTo(undefined)),
    refusal(/authorities\.two\.crl: the CRL of CN=Partner.* is missing/))
  credentials.update(moveTo(der))
  t.throws(() => credentials.update(moveTo(before)), refusal(/is older/))
})

test('a checker that a rotation replaced answers no more, nor does any after close', async (t) => {
  const issued = async (until: number, number: number): Promise<Uint8Array> => craftCrl(ca, { number, until })
  const credentials = memoryCredentials({ ...base, crl: await issued(2, 1) })
  const first = credentials.current.revocation
  t.match(await first?.check(identity, issuer), { state: 'good' })
  let heard = 0
  first?.subscribe(() => { heard += 1 })
  credentials.update({ crl: await issued(3, 2) })
  const second = credentials.current.revocation
  t.match(await first?.check(identity, issuer), { state: 'unknown', why: 'closed' })
  t.equal(heard, 1, 'who followed it is told')
  t.match(await second?.check(identity, issuer), { state: 'good' })
  await credentials.close()
  t.match(await second?.check(identity, issuer), { state: 'unknown', why: 'closed' })
})
