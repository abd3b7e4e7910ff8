import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials, fileTrust, memoryCredentials, memoryTrust, providerCredentials } from '../src/index.ts'
import type { TrustSource } from '../src/index.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import { makeFolder, nextChange } from './support/world.ts'

const MINUTE = 60_000
const starts = new Date(Math.ceil(Date.now() / 1000) * 1000 + MINUTE)
const [ca, next] = [await createDevCa(), await createDevCa({ name: 'Next', notBefore: starts })]
const leaf = await ca.issue({ cn: 'leaf' })
const own = { cert: leaf.chain, key: leaf.key }
const both = ca.root + next.root

/** Collects the messages about the CA. */
function collectWarnings (t: { teardown (end: () => void): void }): string[] {
  const found: string[] = []
  const listen = (message: unknown): void => { found.push((message as { message: string }).message) }
  subscribe('peerkit:credentials:warned', listen)
  t.teardown(() => { unsubscribe('peerkit:credentials:warned', listen) })
  return found
}

test('a CA that starts soon is taken when it starts, and not before, without a poll', async (t) => {
  const { paths, replace } = await makeFolder(t)
  const clock = new ManualClock()
  await replace('ca.pem', both)
  const sources: TrustSource[] = [
    memoryCredentials({ ...own, ca: both, clock }),
    memoryCredentials({ ...own, ca: ca.root, clock }),
    memoryTrust({ ca: both, clock }),
    await providerCredentials(() => ({ ...own, ca: both }), { clock, refresh: 1e9, random: () => 0 }),
    await fileTrust({ ca: paths.ca, watch: false, clock })
  ]
  ;(sources[1] as ReturnType<typeof memoryCredentials>).update({ ca: both })
  for (const source of sources) {
    t.equal(source.current.anchors.length, 1)
    t.match(source.current.warnings, [/ca.*: ignored CN=Next.*, which is not valid before/])
  }
  clock.advance(starts.getTime() - clock.now() - 1)
  for (const source of sources) t.equal(source.current.anchors.length, 1)
  const waits = sources.map(async (source) => await new Promise((resolve) => source.subscribe(resolve)))
  clock.advance(1)
  await Promise.all(waits)
  for (const source of sources) {
    t.equal(source.current.anchors.length, 2)
    t.same(source.current.warnings, [])
    await source.close()
  }
  t.equal(clock.waiting, 0)
})

test('a renewal that is due while a CA that starts is checked is not lost', async (t) => {
  const clock = new ManualClock()
  const left = starts.getTime() - clock.now()
  let calls = 0
  const source = await providerCredentials(() => {
    calls += 1
    return { ...own, ca: both }
  }, { clock, refresh: left + 1, random: () => 0 })
  const rotated = nextChange(source, 'rotated')
  // Both in one turn, as after a machine has slept.
  clock.advance(left + 1)
  await rotated
  t.ok(await isSoon(() => calls === 2), 'the provider is asked')
  t.ok(await isSoon(() => source.status?.().renewal?.nextRenewal === clock.now() + left + 1), 'and will be again')
  clock.advance(left + 1)
  t.ok(await isSoon(() => calls === 3))
  t.equal(source.current.anchors.length, 2)
  await source.close()
  t.equal(clock.waiting, 0)
})

test('who refreshes while a CA that starts is checked gets what the provider has then', async (t) => {
  const clock = new ManualClock()
  let calls = 0
  const source = await providerCredentials(() => {
    calls += 1
    return { ...own, ca: both }
  }, { clock, refresh: 1e9, random: () => 0 })
  clock.advance(starts.getTime() - clock.now())
  t.match(await source.refresh(), { anchors: { length: 2 } })
  t.equal(calls, 2)
  await source.close()
})

test('a CA that starts while the provider is asked is taken, also where the provider fails', async (t) => {
  const clock = new ManualClock()
  const { promise, reject } = Promise.withResolvers<never>()
  let calls = 0
  const source = await providerCredentials(async () => {
    calls += 1
    return calls === 1 ? { ...own, ca: both } : await promise
  }, { clock, refresh: 1e9, timeout: 1e9, random: () => 0 })
  const refreshed = t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'provider' })
  t.ok(await isSoon(() => calls === 2))
  clock.advance(starts.getTime() - clock.now())
  reject(new Error('the vault is sealed'))
  const told: string[] = []
  source.subscribe(({ type }) => { told.push(type) })
  await refreshed
  t.ok(await isSoon(() => source.current.anchors.length === 2), 'it does not wait for the next answer')
  t.same(told, ['refused', 'rotated'], 'the provider has not recovered by that')
  t.match(source.status?.(), { state: 'failing', problem: /the vault is sealed/ })
  await source.close()
})

test('files with a CA, or a certificate, that starts soon are read again when it starts', async (t) => {
  const { paths, replace, ca: own } = await makeFolder(t)
  const clock = new ManualClock()
  const source = await fileCredentials({ ...paths, clock, pollInterval: 1e9 })
  const noticed = nextChange(source, 'rotated')
  await replace('ca.pem', own.root + next.root)
  await noticed
  t.match(source.current.warnings, [/ignored CN=Next/], 'a warning names the CA that is left out, although nothing else changed')
  const taken = nextChange(source, 'rotated')
  clock.advance(starts.getTime() - clock.now())
  await taken
  t.equal(source.current.anchors.length, 2)
  const later = new Date(starts.getTime() + 10 * MINUTE)
  const renewed = await own.issue({ cn: 'renewed', notBefore: later })
  const refused = nextChange(source, 'refused')
  await replace('key.pem', renewed.key)
  await replace('cert.pem', renewed.chain)
  t.match(await refused, { error: { reason: 'not_yet_valid', startsAt: later.getTime() } })
  await source.close()
})

test('every load warns of a CA that is left out', async (t) => {
  const warnings = collectWarnings(t)
  const old = await createDevCa({ name: 'Old', notBefore: new Date(Date.now() - 2 * MINUTE), notAfter: new Date(Date.now() - MINUTE) })
  const { paths, replace, ca: root } = await makeFolder(t)
  await replace('ca.pem', root.root + old.root + next.root)
  const source = await fileCredentials({ ...paths, watch: false })
  t.equal(warnings.length, 2)
  const { generation } = await source.reload()
  t.equal(generation, 1, 'which is no rotation')
  t.equal(warnings.length, 4)
  t.match(warnings, [/ignored CN=Old.*expired on/, /ignored CN=Next.*not valid before/, /ignored CN=Old/, /ignored CN=Next/])
  await source.close()
})

test('a bundle of CAs that all start later says when', async (t) => {
  t.throws(() => memoryCredentials({ ...own, ca: next.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'no_anchor', startsAt: starts.getTime() })
})

test('a source that is closed waits for no CA that starts', async (t) => {
  const clock = new ManualClock()
  const source = memoryCredentials({ ...own, ca: both, clock })
  t.equal(clock.waiting, 1)
  await source.close()
  t.equal(clock.waiting, 0)
})

test('a CA that starts between the check of the material and its use is taken', async (t) => {
  const passes = { left: 0 }
  for (const kind of ['memory', 'provider']) {
    const clock = new ManualClock()
    let given = ca.root
    const source = kind === 'memory'
      ? memoryCredentials({ ...own, ca: given, clock })
      : await providerCredentials(() => ({ ...own, ca: given }), { clock, refresh: 1e9, random: () => 0 })
    passes.left = starts.getTime() - clock.now()
    // Who is told of the new material takes that long.
    source.subscribe(() => { clock.advance(passes.left) })
    given = both
    if ('update' in source) source.update({ ca: given })
    else await source.refresh()
    t.match(source.current.warnings, [/ignored CN=Next/], `${kind}: it was left out when it was checked`)
    passes.left = 0
    clock.advance(0)
    t.ok(await isSoon(() => source.current.anchors.length === 2), kind)
    t.same(source.current.warnings, [])
    await source.close()
    t.equal(clock.waiting, 0)
  }
})
