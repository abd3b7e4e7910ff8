import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { test } from 'tap'
import { collectMessages } from '@peerkit/test-support/messages'
import { isSoon } from '@peerkit/test-support/turns'
import { nextChange } from '../support/world.ts'
import { HOUR, ca, makeWorld } from './instances.ts'

test('a start uses what is stored, and asks nobody', async (t) => {
  const { start, issuer, clock } = makeWorld(t)
  const first = await start()
  clock.advance(HOUR)
  const second = await start()
  t.equal(issuer.calls, 1)
  t.equal(second.current.key, first.current.key)
  t.equal(second.current.cert, first.current.cert)
  const { renewal } = second.status?.() ?? {}
  t.match(renewal, { issuer: 'the CA of the test', failures: 0, store: { name: 'the store of the test', problem: undefined } })
  t.equal(renewal?.nextRenewal, first.status?.().renewal?.nextRenewal, 'and renews when it would have')
})

test('instances that share a store renew once', async (t) => {
  const { start, issuer, store, clock } = makeWorld(t)
  /** Those without the lock look again after a second. */
  const passUntil = async (end: Promise<unknown>): Promise<void> => {
    const state = { isOver: false }
    end.finally(() => { state.isOver = true }).catch(() => {})
    while (!state.isOver) {
      do await turn(); while (store.isLocked)
      if (!state.isOver) clock.advance(1_000)
    }
  }
  const starting = Promise.all([start(), start(), start(), start(), start()])
  await passUntil(starting)
  const sources = await starting
  t.equal(issuer.calls, 1)
  t.equal(new Set(sources.map(({ current }) => current.key)).size, 1)
  const rotated = Promise.all(sources.map(async (source) => await nextChange(source, 'rotated')))
  clock.advance(2 * HOUR)
  await passUntil(rotated)
  t.equal(issuer.calls, 2)
  t.equal(new Set(sources.map(({ current }) => current.key)).size, 1)
  t.equal(sources[0].current.generation, 2)
})

test('what is stored and due is used at a start, and renewed at once', async (t) => {
  const { start, issuer, clock } = makeWorld(t)
  const first = await start()
  await first.close()
  clock.advance(2.5 * HOUR)
  issuer.isAway = true
  const second = await start()
  t.equal(second.current.cert, first.current.cert, 'also while the issuer is away')
  const refused = nextChange(second, 'refused')
  clock.advance(1)
  await refused
  t.match(second.status?.(), { state: 'failing', renewal: { failures: 1, failingSince: clock.now(), code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'provider' } })
  issuer.isAway = false
  const rotated = nextChange(second, 'rotated')
  clock.advance(1_000)
  await rotated
  t.match(second.status?.(), { state: 'live', renewal: { failures: 0, failingSince: undefined, code: undefined, renewedAt: clock.now() } })
})

test('who refreshes after another instance did takes what that one got', async (t) => {
  const { start, issuer } = makeWorld(t)
  const [one, other] = [await start(), await start()]
  const { key } = await one.refresh()
  t.equal(issuer.calls, 2)
  t.equal((await other.refresh()).key, key)
  t.equal(issuer.calls, 2)
  await other.refresh()
  t.equal(issuer.calls, 3, 'what is stored is in use, so the issuer is asked')
})

test('the events name who was asked', async (t) => {
  const { start, issuer, clock } = makeWorld(t)
  const source = await start({ store: undefined })
  const messages = ['rotated', 'refused', 'recovered'].map((name) => collectMessages(t, `peerkit:credentials:${name}`))
  issuer.isAway = true
  const refused = nextChange(source, 'refused')
  clock.advance(2 * HOUR)
  await refused
  await turn()
  issuer.isAway = false
  const recovered = nextChange(source, 'recovered')
  clock.advance(1_000)
  await recovered
  for (const ofOne of messages) t.match(ofOne, [{ from: 'the CA of the test' }])
  t.equal(source.status?.().origin, 'the CA of the test')
})

test('instances that were restarted with a certificate that is due do not renew together', async (t) => {
  const { start, issuer, clock } = makeWorld(t)
  await (await start()).close()
  clock.advance(2.5 * HOUR)
  const source = await start({ random: () => 0.5 })
  const rotated = nextChange(source, 'rotated')
  clock.advance(29_000)
  await turn()
  t.equal(issuer.calls, 1, 'half of retryLongest')
  clock.advance(1_000)
  await rotated
})

test('what is stored is checked as an answer is, and replaced where it cannot be used', async (t) => {
  const { store, start, issuer } = makeWorld(t)
  const text = async (): Promise<Record<string, unknown>> => {
    await (await start()).close()
    return JSON.parse(store.text ?? '')
  }
  const good = await text()
  const messages = collectMessages(t, 'peerkit:credentials:warned')
  const foreign = await ca.issue({ cn: 'foreign' })
  const old = await ca.issue({ cn: 'old', notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  // Stored by an instance whose clock is ahead.
  const future = await ca.issue({ cn: 'future', notBefore: new Date(Date.now() + HOUR) })
  for (const [content, problem] of [
    ['', /what is stored cannot be used: it is not a complete text/],
    [JSON.stringify(good).slice(0, -30), /not a complete text/],
    [String(good['key']), /not a complete text/],
    ['null', /not a text of this version/],
    [JSON.stringify({ ...good, v: 2 }), /not a text of this version/],
    [JSON.stringify({ ...good, key: foreign.key }), /belongs to|key/],
    [JSON.stringify({ ...good, cert: undefined }), /answer\.cert is missing/],
    [JSON.stringify({ ...good, ca: 'no CA' }), /ca/],
    [JSON.stringify({ ...good, cert: future.chain, key: future.key }), /not valid/],
    [JSON.stringify({ ...good, id: 'ec-p256 other' }), undefined],
    [JSON.stringify({ ...good, cert: old.chain, key: old.key }), undefined]
  ] as const) {
    store.text = content
    const before = messages.length
    const { calls } = issuer
    const source = await start()
    t.equal(issuer.calls, calls + 1, String(problem))
    t.not(store.text, content, 'it is replaced')
    t.equal(source.status?.().renewal?.store?.problem, undefined, 'and there is no problem any more')
    const told = messages.slice(before).map(({ message }) => message)
    if (problem === undefined) t.same(told, [])
    else t.match(told, [problem])
    await source.close()
  }
})

test('a store that fails at the start is an error, before the issuer is asked', async (t) => {
  const { store, start, issuer } = makeWorld(t)
  store.failure = new Error('connection refused')
  await t.rejects(start(), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'store', message: /the store of the test failed: connection refused/ })
  t.equal(issuer.calls, 0)
})

test('a store that fails later does not keep a certificate from being renewed', async (t) => {
  const { store, start, issuer, clock } = makeWorld(t)
  const source = await start()
  const messages = collectMessages(t, 'peerkit:credentials:warned')
  store.failure = new Error('no space left on the device')
  for (const calls of [2, 3]) {
    const rotated = nextChange(source, 'rotated')
    clock.advance(2 * HOUR)
    await rotated
    await turn()
    t.equal(issuer.calls, calls)
    t.match(source.status?.(), { state: 'live', renewal: { store: { problem: /the store of the test failed: no space left/ } } })
  }
  t.match(messages, [{ message: /^the store of the certificate: the store of the test failed: no space left/ }])
  t.equal(messages.length, 1, 'it is told once')
  store.failure = undefined
  await source.refresh()
  t.equal(source.status?.().renewal?.store?.problem, undefined)
})

test('a lock that is never given back does not let a certificate expire', async (t) => {
  const { store, start, issuer, clock } = makeWorld(t)
  const source = await start()
  store.isLocked = true
  const rotated = nextChange(source, 'rotated')
  const [{ locks }, { calls }] = [store, issuer]
  clock.advance(2 * HOUR)
  // It looks again after each second, until it has waited for three times the time of a call.
  for (let looks = 1; looks <= 30; looks += 1) {
    while (store.locks < locks + looks) await turn()
    t.equal(issuer.calls, calls)
    clock.advance(1_000)
  }
  await rotated
  t.equal(issuer.calls, calls + 1)
  t.equal(store.isLocked, true, 'the lock of the other one is not given back')
})

test('a lock that cannot be given back holds up neither a renewal nor the end', async (t) => {
  const { store, start, issuer, clock } = makeWorld(t)
  let releases = 0
  store.lock = async () => async () => {
    releases += 1
    await new Promise(() => {})
  }
  const starting = start({ timeout: 5_000 })
  t.ok(await isSoon(() => releases === 1))
  clock.advance(5_000)
  const source = await starting
  t.match(source.status?.().renewal?.store?.problem, /the store of the test: no answer within 5000 ms/)
  const rotated = nextChange(source, 'rotated')
  // Just to the renewal: a later time would be beyond the timeouts that begin with it.
  const { nextRenewal } = source.status?.().renewal ?? {}
  clock.advance(Number(nextRenewal) - clock.now())
  t.ok(await isSoon(() => releases === 2))
  clock.advance(5_000)
  await rotated
  t.equal(issuer.calls, 2)
  t.ok(await isSoon(() => source.status?.().renewal?.nextRenewal !== undefined), 'and the next renewal is scheduled')
})

test('the lock is given back also where the source is closed while the issuer is asked', async (t) => {
  const { store, start, issuer, clock } = makeWorld(t)
  const source = await start()
  issuer.issue = async () => {
    issuer.calls += 1
    return await new Promise(() => {})
  }
  clock.advance(2 * HOUR)
  t.ok(await isSoon(() => issuer.calls === 2))
  t.equal(store.isLocked, true)
  await source.close()
  t.equal(store.isLocked, false)
})

test('an instance that waits for its turn ends at once when it is closed', async (t) => {
  const { store, start, clock } = makeWorld(t)
  const source = await start()
  store.isLocked = true
  clock.advance(2 * HOUR)
  const refreshing = source.refresh()
  await turn()
  await Promise.all([source.close(), t.rejects(refreshing, { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })])
  t.equal(clock.waiting, 0)
})

test('what is stored and broken does not let instances ask without the lock', async (t) => {
  const { store, start, issuer, clock } = makeWorld(t)
  store.text = 'garbage'
  store.isLocked = true
  const starting = start()
  for (let round = 0; round < 20; round += 1) await turn()
  t.equal(issuer.calls, 0, 'it waits')
  store.isLocked = false
  clock.advance(1_000)
  await starting
  t.equal(issuer.calls, 1)
})

test('the lock is given back when the issuer fails', async (t) => {
  const { store, start, issuer } = makeWorld(t)
  issuer.isAway = true
  await t.rejects(start(), { reason: 'provider', code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' })
  t.equal(store.isLocked, false)
})

test('what an answer had is stored with it: CRLs in DER, CAs, and when to renew', async (t) => {
  const { start, issuer, clock } = makeWorld(t)
  const { der, pem } = await ca.crl()
  issuer.more = { ca: [ca.root], crl: [Buffer.from(der), new Uint8Array(der), pem], renewAt: clock.now() + HOUR }
  const first = await start({ ca: undefined })
  const second = await start({ ca: undefined })
  t.equal(issuer.calls, 1)
  t.equal(second.current.trustDigest, first.current.trustDigest)
  t.equal(second.status?.().renewal?.nextRenewal, clock.now() + HOUR)
})

test('neither the status nor an error nor a warning shows the key', async (t) => {
  const { store, start } = makeWorld(t)
  const source = await start()
  const secret = String(source.current.key).split('\n')[1] ?? ''
  t.ok(secret.length > 30)
  const messages = collectMessages(t, 'peerkit:credentials:warned')
  store.text = store.text?.slice(0, -40)
  const other = await start()
  for (const shown of [source, source.status?.(), other.status?.(), messages]) {
    t.notMatch(inspect(shown, { depth: 9, showHidden: true, getters: true }), secret)
    t.notMatch(JSON.stringify(shown), secret)
  }
})

test('refuses wrong options by name', async (t) => {
  const { start, issuer } = makeWorld(t)
  await t.rejects(start({ store: {} as never }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /store is .*; expected an object with load\(\) and save\(\)/ })
  issuer.more = { authorities: { mine: { ca: ca.root, names: 'any' } } }
  await t.rejects(start({ ca: undefined }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /answer\.authorities cannot be stored; expected ca/ })
  for (const [key, value] of [['name', 7], ['id', '']] as const) {
    Object.assign(issuer, { [key]: value })
    await t.rejects(start(), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: new RegExp(`issuer\\.${key} is `) })
    Object.assign(issuer, { [key]: 'good' })
  }
})
