import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { memoryCredentials } from '../../src/index.ts'
import { crossSign } from '@peerkit/test-support/certificates'

const HOUR = 3_600_000
const start = Math.floor(Date.now() / 1_000) * 1_000

/** A clock that stands at a time. */
const at = (time: number): { now: () => number; schedule: () => () => void } => ({
  now: () => time,
  schedule: () => () => {}
})

test('the second that a certificate ends with is the last in which it counts, leaf or anchor', async (t) => {
  const notAfter = new Date(start + HOUR)
  const ca = await createDevCa({ notAfter: new Date(start + 2 * HOUR) })
  const { chain: cert, key } = await ca.issue({ notAfter })
  const make = (time: number): unknown => memoryCredentials({ cert, key, ca: ca.root, clock: at(time) }).current
  t.match(make(start + HOUR + 999), { notAfter: start + HOUR })
  t.throws(() => make(start + HOUR + 1_000), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED',
    reason: 'expired',
    message: new RegExp(`expired on ${notAfter.toISOString()}`)
  })
  const short = await createDevCa({ name: 'Short', notAfter })
  const anchorsAt = (time: number): number =>
    memoryCredentials({ cert, key, ca: [ca.root, short.root], clock: at(time) }).current.anchors.length
  t.equal(anchorsAt(start + HOUR + 999), 2)
  const longer = await ca.issue({ notAfter: new Date(start + 2 * HOUR) })
  const { current } = memoryCredentials({
    cert: longer.chain,
    key: longer.key,
    ca: [ca.root, short.root],
    clock: at(start + HOUR + 1_000)
  })
  t.equal(current.anchors.length, 1)
  t.match(current.warnings, [/^ca: ignored .*Short.*, which expired on/])
})

test('the first second counts, and none before it', async (t) => {
  const ca = await createDevCa()
  const { chain: cert, key } = await ca.issue({ notBefore: new Date(start + HOUR) })
  const make = (time: number): unknown => memoryCredentials({ cert, key, ca: ca.root, clock: at(time) }).current
  t.match(make(start + HOUR), { generation: 1 })
  t.throws(() => make(start + HOUR - 1), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED',
    reason: 'not_yet_valid',
    message: /is not valid before/
  })
})

test('a cross-certificate at the end of our chain may end: peers that trust its CA go on without it', async (t) => {
  const [older, root] = [await createDevCa({ name: 'Older' }), await createDevCa({ name: 'Root' })]
  const { cert, key } = await root.issue({ cn: 'server', notAfter: new Date(start + 3 * HOUR) })
  const cross = await crossSign(older, root, 'Root', { notAfter: new Date(start + HOUR) })
  const make = (ca: string, time: number): any =>
    memoryCredentials({ cert: cert + cross, key, ca, chain: 'required', clock: at(time) }).current
  t.match(make(root.root, start), { notAfter: start + 3 * HOUR, warnings: [] })
  t.match(make(root.root, start + 2 * HOUR), {
    notAfter: start + 3 * HOUR,
    warnings: [
      /^cert: .*Root.* at the end of the chain is not valid now; peers that trust its CA directly do not need it$/
    ]
  })
  t.match(
    make(older.root, start),
    { notAfter: start + HOUR, warnings: [] },
    'for us it is needed where only the older root is trusted'
  )
  t.throws(() => make(older.root, start + 2 * HOUR), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'expired' })
  const namesake = await createDevCa({ name: 'Root' })
  t.throws(
    () => make(namesake.root, start + 2 * HOUR),
    { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'expired' },
    'a CA of its name is not that CA'
  )
})
