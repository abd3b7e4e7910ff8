import { inspect } from 'node:util'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import type { CredentialChange } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { OwnCertificate } from '../../src/vault/own-certificate.ts'

async function start () {
  const [servers, ca] = [await createDevCa({ name: 'CA of OpenBao' }), await createDevCa({ name: 'Mount CA' })]
  const make = async (cn: string) => {
    const { chain, key } = await ca.issue({ cn })
    return memoryCredentials({ cert: chain, key, ca: ca.root })
  }
  const first = await ca.issue({ cn: 'bootstrap' })
  const base = memoryCredentials({ cert: first.chain, key: first.key, ca: servers.root })
  const own = new OwnCertificate(base)
  const changes: CredentialChange[] = []
  own.subscribe((change) => { changes.push(change) })
  return { base, own, make, changes, ca }
}

test('the issued certificate is presented, and the trust stays that of the given credentials', async (t) => {
  const { own, base, make, changes } = await start()
  t.equal(own.current.identity.commonName, 'bootstrap')
  const issued = (await make('ledger')).current
  own.use(issued, Date.now())
  t.equal(own.current.identity.commonName, 'ledger')
  t.equal(own.current.key, issued.key)
  t.equal(own.current.cert, issued.cert)
  t.equal(own.current.notAfter, issued.notAfter)
  t.equal(own.current.authorities, base.current.authorities)
  t.match(changes, [{ type: 'rotated', trustChanged: false }])
  own.use(issued, Date.now())
  t.equal(changes.length, 1, 'the same again is no change')
})

test('an expired one counts as none', async (t) => {
  const { own, make } = await start()
  const issued = (await make('ledger')).current
  own.use(issued, Date.now())
  own.use(issued, issued.notAfter)
  t.equal(own.current.identity.commonName, 'bootstrap')
  own.use(undefined, 0)
  t.equal(own.current.identity.commonName, 'bootstrap')
})

test('a rotation of the given credentials is followed', async (t) => {
  const { own, base, make, changes, ca } = await start()
  own.use((await make('ledger')).current, Date.now())
  const { chain, key } = await ca.issue({ cn: 'later' })
  base.update({ cert: chain, key, ca: ca.root })
  t.equal(own.current.identity.commonName, 'ledger')
  t.equal(own.current.trustEpoch, 2)
  t.match(changes.at(-1), { type: 'rotated', trustChanged: true })
  own.use(undefined, 0)
  t.equal(own.current.key, base.current.key)
  await own.close()
  const { length } = changes
  const { chain: last, key: lastKey } = await ca.issue({ cn: 'last' })
  base.update({ cert: last, key: lastKey })
  t.equal(changes.length, length)
})

test('the key is shown nowhere', async (t) => {
  const { own, make } = await start()
  own.use((await make('ledger')).current, Date.now())
  const shown = [inspect(own.current, { depth: 9 }), JSON.stringify(own.current), JSON.stringify({ ...own.current })]
  for (const text of shown) t.notMatch(text, /PRIVATE KEY/)
  t.ok(Object.isFrozen(own.current))
})
