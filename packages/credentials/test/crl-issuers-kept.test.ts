import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { memoryCredentials } from '../src/index.ts'
import { crossSign } from '@peerkit/test-support/certificates'
import { ManualClock } from '@peerkit/test-support/manual-clock'

const HOUR = 3_600_000

const nameOf = (name: string): { readonly subject: Array<{ readonly type: 'CN', readonly value: string }> } =>
  ({ subject: [{ type: 'CN', value: name }] })

interface World {
  readonly root: DevCa
  readonly first: DevCa
  readonly second: DevCa
  readonly crl: string[]
  stateOfStolen (revocation: ReturnType<typeof memoryCredentials>['current']['revocation']): Promise<string | undefined>
}

/** A root with two intermediates, and lists of all three; the first intermediate has revoked somebody. */
async function makeWorld (): Promise<World> {
  const root = await createDevCa(nameOf('Root'))
  const [first, second] = [await root.intermediate(nameOf('First')), await root.intermediate(nameOf('Second'))]
  const stolen = await first.issue({ cn: 'stolen', profile: 'client' })
  first.revoke(stolen)
  const crl = await Promise.all([root, first, second].map(async (ca) => (await ca.crl()).pem))
  const [leaf, issuer] = [parsePeerIdentity(stolen.der), parsePeerIdentity(first.der)]
  return {
    root,
    first,
    second,
    crl,
    stateOfStolen: async (revocation) => (await revocation?.check(leaf, issuer))?.state
  }
}

test('the list of a CA that is configured no longer stays in force while the CA leads to a root', async (t) => {
  const { root, first, second, crl, stateOfStolen } = await makeWorld()
  const old = await first.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({
    cert: old.chain,
    key: old.key,
    ca: root.root,
    intermediates: second.certificate,
    crl
  })
  t.after(async () => { await credentials.close() })
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
  const renewed = await second.issue({ dns: 'localhost' })
  credentials.update({ cert: renewed.chain, key: renewed.key })
  t.equal(credentials.current.identity.serialNumber, renewed.serialNumber, 'our renewed certificate is in force')
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked', 'and who was revoked is not let in by that')
  const newer = (await first.crl()).pem
  credentials.update({ crl: [crl[0]!, newer, crl[2]!] })
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked', 'its next list counts as well')
  const missing = {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED',
    reason: 'crl',
    message: /crl: the CRL of CN=First.* is missing, though its CA is still trusted/
  }
  t.throws(() => credentials.update({ crl: [crl[0]!, crl[2]!] }), missing, 'nor may it get lost')
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
})

test('our own certificate may not take the list of its CA with it', async (t) => {
  const { root, first, second, crl, stateOfStolen } = await makeWorld()
  const old = await first.issue({ dns: 'localhost' })
  const renewed = await second.issue({ dns: 'localhost' })
  const before = (await first.crl({ thisUpdate: new Date(Date.now() - HOUR) })).pem
  const credentials = memoryCredentials({
    cert: old.chain,
    key: old.key,
    ca: root.root,
    crl: crl.slice(0, 2),
    revocationPolicy: 'soft'
  })
  t.after(async () => { await credentials.close() })
  const own = { cert: renewed.chain, key: renewed.key }
  for (const [crls, more, message] of [
    [[crl[0]!, crl[2]!], {}, /CRL of CN=First.* is missing/],
    [[crl[0]!, crl[2]!, before], {}, /CRL of CN=First.* is older/],
    [[crl[0]!, crl[2]!, before], { intermediates: first.certificate }, /CRL of CN=First.* is older/]
  ] as const) {
    t.throws(() => credentials.update({ ...own, ...more, crl: crls }),
      { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message })
    t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
  }
  credentials.update({ ...own, crl })
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
})

test('an intermediate that is configured no longer keeps its list until it has ended', async (t) => {
  for (const option of ['intermediates', 'crlIssuers'] as const) {
    const { root, first, second, crl, stateOfStolen } = await makeWorld()
    const own = await second.issue({ dns: 'localhost' })
    const clock = new ManualClock()
    const brief = (await first.crl({ nextUpdate: new Date(clock.now() + HOUR) })).pem
    const credentials = memoryCredentials({
      cert: own.chain,
      key: own.key,
      ca: root.root,
      [option]: first.certificate,
      crl: [crl[0]!, brief, crl[2]!],
      clock
    })
    t.after(async () => { await credentials.close() })
    t.throws(() => credentials.update({ [option]: undefined, crl: [crl[0]!, crl[2]!] }),
      { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /CRL of CN=First.* is missing/ }, option)
    credentials.update({ [option]: undefined })
    t.throws(() => credentials.update({ crl: [crl[0]!, crl[2]!] }),
      { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /CRL of CN=First.* is missing/ })
    t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
    clock.advance(2 * HOUR)
    t.equal(await stateOfStolen(credentials.update({ crl: [crl[0]!, crl[2]!] }).revocation), 'unknown',
      'this is how it is removed on purpose')
  }
})

test('an intermediate counts by one that has no list and is configured no longer', async (t) => {
  const root = await createDevCa(nameOf('Root'))
  const middle = await root.intermediate({ ...nameOf('Middle'), pathLength: 1 })
  const lowest = await middle.intermediate(nameOf('Lowest'))
  const [old, renewed] = [await lowest.issue({ dns: 'localhost' }), await root.issue({ dns: 'localhost' })]
  const crl = await Promise.all([root, lowest].map(async (ca) => (await ca.crl()).pem))
  const credentials = memoryCredentials({ cert: old.chain, key: old.key, ca: root.root, crl })
  t.after(async () => { await credentials.close() })
  credentials.update({ cert: renewed.chain, key: renewed.key })
  for (const next of [(await root.crl()).pem, (await root.crl()).pem]) {
    t.throws(() => credentials.update({ crl: next }),
      { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /CRL of CN=Lowest.* is missing/ })
    credentials.update({ crl: [next, crl[1]!] })
  }
})

test('an intermediate that has ended still verifies its list', async (t) => {
  const { root, first, crl, stateOfStolen } = await makeWorld()
  const own = await root.issue({ dns: 'localhost' })
  const ended = await crossSign(root, first, 'First',
    { ...nameOf('First'), notBefore: new Date(Date.now() - 3 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  for (const option of ['intermediates', 'crlIssuers']) {
    const credentials = memoryCredentials({
      cert: own.chain,
      key: own.key,
      ca: root.root,
      [option]: ended,
      crl: crl.slice(0, 2)
    })
    t.match(credentials.current.revocation, { lists: { length: 2 }, foreign: [] }, option)
    t.equal(await stateOfStolen(credentials.current.revocation), 'revoked',
      'clients send the renewed certificate of the same key')
    await credentials.close()
  }
})

test('it goes with its root', async (t) => {
  const { root, first, crl } = await makeWorld()
  const other = await createDevCa(nameOf('Other'))
  const own = await other.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({
    cert: own.chain, key: own.key, ca: [root.root, other.root], crlIssuers: first.certificate, crl: crl.slice(0, 2)
  })
  t.after(async () => { await credentials.close() })
  t.match(credentials.current.revocation, { lists: { length: 2 } })
  credentials.update({ ca: other.root, crlIssuers: [] })
  t.match(credentials.current.revocation, { lists: { length: 0 } })
})
