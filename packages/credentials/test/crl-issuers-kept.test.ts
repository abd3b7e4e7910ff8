import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { memoryCredentials } from '../src/index.ts'

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
  return { root, first, second, crl, stateOfStolen: async (revocation) => (await revocation?.check(leaf, issuer))?.state }
}

test('the list of a CA that is configured no longer stays in force while the CA leads to a root', async (t) => {
  const { root, first, second, crl, stateOfStolen } = await makeWorld()
  const old = await first.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({ cert: old.chain, key: old.key, ca: root.root, intermediates: second.certificate, crl })
  t.after(async () => { await credentials.close() })
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked')
  const renewed = await second.issue({ dns: 'localhost' })
  credentials.update({ cert: renewed.chain, key: renewed.key })
  t.equal(credentials.current.identity.serialNumber, renewed.serialNumber, 'our renewed certificate is in force')
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked', 'and who was revoked is not let in by that')
  const newer = (await first.crl()).pem
  credentials.update({ crl: [crl[0]!, newer, crl[2]!] })
  t.equal(await stateOfStolen(credentials.current.revocation), 'revoked', 'its next list counts as well')
  credentials.update({ crl: [crl[0]!, crl[2]!] })
  t.equal(await stateOfStolen(credentials.current.revocation), 'unknown', 'who removes a CA may remove its list')
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
