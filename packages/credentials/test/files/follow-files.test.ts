import { watch } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials } from '../../src/index.ts'
import type { FileCredentialsOptions } from '../../src/index.ts'
import { readSignature } from '../../src/watch/file-signature.ts'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import { FileFollower } from '../../src/files/follow-files.ts'
import type { FollowOptions } from '../../src/files/follow-files.ts'
import { FileSource } from '../../src/files/open-files.ts'
import { FileLoader } from '../../src/files/load-files.ts'
import type { CheckedMaterial } from '../../src/material/check-material.ts'
import type { CredentialSnapshot } from '../../src/sources/credential-snapshot.ts'
import { CREDENTIALS } from '../../src/sources/frozen-snapshot.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { collect, isSoonByReads, makeFolder, nextChange, nextMessage } from '../support/world.ts'

const HOUR = 3_600_000

test('says nothing while a certificate waits for its key, and refuses once it has waited too long', async (t) => {
  const { paths, ca, issued, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const refusals = collect(t, 'refused')
  const source = await fileCredentials({ ...paths, reportAfter: 5_000, pollInterval: HOUR, clock })
  let next = await ca.issue({ cn: 'second' })
  for (const round of [1, 2]) {
    const waiting = nextMessage('waiting', 'key_mismatch')
    await replace('cert.pem', next.chain)
    await waiting
    const again = nextMessage('waiting', 'key_mismatch')
    clock.advance(4_000)
    await again
    t.equal(refusals.length, round - 1, 'not yet')
    const refused = nextChange(source)
    clock.advance(1_000)
    t.match(await refused, { type: 'refused', error: { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch' }, snapshot: source.current })
    t.equal(refusals.length, round)
    const rotated = nextChange(source)
    await replace('key.pem', next.key)
    t.match(await rotated, { type: 'rotated' }, 'and is taken when the key comes after all')
    next = await ca.issue({ cn: 'third' })
  }
  t.equal(refusals.length, 2, 'each time once')
  t.match(refusals[0], { v: 1, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', generation: 1, message: /key \(.*key\.pem\).*from cert \(.*cert\.pem\)/ })
  t.notMatch(JSON.stringify(refusals), /PRIVATE KEY/)
  t.not(source.current.cert, issued.chain)
  await source.close()
})

test('tries again and again what was refused, and says it once', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const source = await fileCredentials({ ...paths, clock, reportAfter: 1, pollInterval: HOUR })
  const refusals = collect(t, 'refused')
  const waitings = collect(t, 'waiting')
  const waiting = nextMessage('waiting')
  await replace('key.pem', (await ca.issue()).key)
  await waiting
  const refused = nextChange(source)
  const retries = [clock.nextTask()]
  clock.advance(1)
  await refused
  for (let round = 0; round < 10; round += 1) {
    const delay = await retries.at(-1) as number
    retries.push(clock.nextTask())
    clock.advance(delay)
  }
  const delays = await Promise.all(retries)
  t.ok(delays.every((delay, index) => delay > 0 && delay <= Math.min(30_000, 250 * 2 ** (index + 1))), 'with back-off')
  t.ok((delays.at(-1) as number) >= 15_000)
  // The next content is another mistake, so that what is told of it stands behind all that was told of the first.
  const other = nextChange(source)
  await replace('key.pem', 'nothing')
  t.match(await other, { type: 'refused', error: { reason: 'unreadable' } })
  t.same(refusals.map(({ reason }) => reason), ['key_mismatch', 'unreadable'])
  t.same(waitings.map(({ reason }) => reason), ['key_mismatch'])
  await source.close()
})

test('tells at once what no further writing could mend', async (t) => {
  const { paths, ca, write, replace } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, reportAfter: HOUR, pollInterval: HOUR })
  const refused = nextChange(source)
  const expired = await ca.issue({ cn: 'expired', notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  await write('key.pem', expired.key)
  await replace('cert.pem', expired.chain)
  t.match(await refused, { type: 'refused', error: { reason: 'expired', message: /found expired, which expired on|found .*expired.*, which expired on/ } })
  await source.close()
})

test('takes a certificate of tomorrow when tomorrow comes', async (t) => {
  const { paths, ca, write, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const source = await fileCredentials({ ...paths, pollInterval: HOUR, clock })
  const next = await ca.issue({ cn: 'tomorrow', notBefore: new Date(Date.now() + 60_000) })
  const refused = nextChange(source)
  await write('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.match(await refused, { type: 'refused', error: { reason: 'not_yet_valid' } })
  const rotated = nextChange(source, 'rotated')
  clock.advance(90_000)
  await rotated
  t.equal(source.current.identity.subject?.commonName, 'tomorrow')
  await source.close()
})

test('finds changes by polling alone', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const source = await fileCredentials({ ...paths, watch: 'poll', pollInterval: 30_000, clock })
  for (const name of ['second', 'third']) {
    const next = await ca.issue({ cn: name })
    await replace('key.pem', next.key)
    const rotated = nextChange(source)
    await replace('cert.pem', next.chain)
    clock.advance(30_000)
    await rotated
    t.equal(source.current.identity.subject?.commonName, name)
  }
  await source.close()
  t.equal(clock.waiting, 0, 'no timer is left')
})

test('a change that left size and times as they were is found by the second look', async (t) => {
  const { paths, ca, write, folder } = await makeFolder(t)
  const clock = new ManualClock()
  // Two certificates of one size, in a file whose times are set back: what a file system that tells time by the second shows.
  const [first, second] = await twoOfOneSize(async () => await ca.issue({ cn: 'same' }))
  await write('both.pem', first.chain + first.key)
  const both = join(folder, 'both.pem')
  const options = { cert: both, ca: paths.ca }
  const loader = new FileLoader(options, { timeout: 1_000 }, CREDENTIALS.check)
  const signature = await readSignature(loader.paths)
  const { checked, digests } = await loader.load(signature, { signal: new AbortController().signal })
  if (checked === undefined) throw new Error('expected material')
  const source = new FileSource(CREDENTIALS, loader, { checked, checkers: new Map() }, SYSTEM_CLOCK)
  await write('both.pem', second.chain + second.key)
  const blind = await readSignature(loader.paths)
  const follower = new FileFollower<CheckedMaterial>(source, { signature: blind, digests }, {
    loader, clock, pollInterval: HOUR, reportAfter: HOUR, events: false
  })
  await follower.start()
  clock.advance(2_500)
  t.ok(await isSoonByReads(both, () => source.current.cert === second.chain))
  await follower.close()
  await source.close()
})

test('where folders cannot be watched it says so and looks every second', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const warnings = collect(t, 'warned')
  const processWarning = new Promise<Error & { code?: string }>((resolve) => { process.once('warning', resolve) })
  const full = (() => { throw Object.assign(new Error('no space left'), { code: 'ENOSPC' }) }) as unknown as typeof watch
  const { source, follower } = await follow(paths, { clock, watch: full })
  t.match(warnings, [{ v: 1, message: /cannot watch .* \(ENOSPC\); polling .* every 1000 ms instead/ }], 'once, not for every folder')
  t.equal((await processWarning).code, 'PEERKIT_WATCH_FAILED')
  const next = await ca.issue({ cn: 'next' })
  await replace('key.pem', next.key)
  const rotated = nextChange(source)
  await replace('cert.pem', next.chain)
  clock.advance(1_000)
  await rotated
  t.equal(warnings.length, 1)
  await follower.close()
  await source.close()
})

test('a watcher that fails while it runs is told, and the files are looked at', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  const clock = new ManualClock()
  const warnings = collect(t, 'warned')
  const watchers: Array<ReturnType<typeof watch>> = []
  const record = ((...given: Parameters<typeof watch>) => {
    const watcher = watch(given[0], { persistent: false }, () => {})
    watchers.push(watcher)
    return watcher
  }) as unknown as typeof watch
  const { source, follower } = await follow(paths, { clock, watch: record })
  const next = await ca.issue({ cn: 'next' })
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  const { generation } = source.current
  watchers.at(-1)?.emit('error', Object.assign(new Error('gone'), { code: 'EBADF' }))
  t.ok(await isSoonByReads(paths.key, () => source.current.generation > generation))
  t.match(warnings, [{ message: /cannot watch .* \(EBADF\)/ }])
  await follower.close()
  await source.close()
})

test('a file that is only touched, or copied over itself, is no rotation', async (t) => {
  const { paths, issued, ca, replace, write } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, pollInterval: HOUR })
  const told = nextChange(source)
  await utimes(paths.cert, new Date(), new Date())
  await replace('cert.pem', issued.chain)
  await write('ca.pem', ca.root)
  await write('ca.pem', `# our CA\n${ca.root}`)
  await source.reload()
  t.equal(source.current.generation, 1)
  const next = await ca.issue({ cn: 'next' })
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.match(await told, { type: 'rotated', trustChanged: false, snapshot: { generation: 2, trustEpoch: 1 } })
  await source.close()
})

test('a CA file that shrinks is taken, and moves the trust epoch', async (t) => {
  const { paths, ca, replace, write } = await makeFolder(t)
  const other = await createDevCa({ name: 'Other' })
  await write('ca.pem', `# old\n${other.root}# ours\n${ca.root}`)
  const source = await fileCredentials({ ...paths, pollInterval: HOUR })
  t.equal(source.current.anchors.length, 2)
  const rotated = nextChange(source)
  await replace('ca.pem', ca.root)
  t.match(await rotated, { type: 'rotated', trustChanged: true, snapshot: { trustEpoch: 2, ca: [ca.root] } })
  await source.close()
})

test('an empty or garbled CA file never widens trust', async (t) => {
  const { paths, ca, write } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, reportAfter: 1, pollInterval: HOUR })
  for (const text of ['', '# nothing\n', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ca.root.slice(0, 100)]) {
    const refused = nextChange(source)
    await write('ca.pem', text)
    t.match(await refused, { type: 'refused', error: { reason: 'unreadable', message: /ca \(.*ca\.pem\)/ } })
    t.same(source.current.ca, [ca.root])
    await write('ca.pem', ca.root)
    await source.reload()
  }
  await source.close()
})

test('close() during a load waits for nobody', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  let asked = (_signal: AbortSignal): void => {}
  let isFirst = true
  const passphrase: FileCredentialsOptions['passphrase'] = ({ signal }) => {
    if (isFirst) {
      isFirst = false
      return 'unused'
    }
    asked(signal)
    return new Promise<string>(() => {})
  }
  const source = await fileCredentials({ ...paths, passphrase, pollInterval: HOUR })
  const changes: unknown[] = []
  source.subscribe((change) => { changes.push(change) })
  const question = new Promise<AbortSignal>((resolve) => { asked = resolve })
  const next = await ca.issue({ cn: 'next' })
  await replace('cert.pem', next.chain + next.key)
  const signal = await question
  t.equal(signal.aborted, false)
  await source.close()
  t.equal(signal.aborted, true)
  await source.close()
  t.same(changes, [])
  t.equal(source.current.generation, 1, 'the last snapshot stays readable')
  await t.rejects(source.reload(), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
})

test('a passphrase function that gives no answer is not waited for for ever', async (t) => {
  const { paths, replace, issued } = await makeFolder(t)
  const clock = new ManualClock()
  let answer: string | Promise<string> = 'x'
  const source = await fileCredentials({
    ...paths,
    clock,
    timeout: 3_000,
    reportAfter: 1,
    pollInterval: HOUR,
    passphrase: () => answer
  })
  answer = new Promise(() => {})
  let asked = clock.nextTask((delay) => delay === 3_000)
  await replace('ca.pem', `# changed\n${issued.ca}`)
  await asked
  const waiting = nextMessage('waiting', 'passphrase')
  clock.advance(3_000)
  t.match(await waiting, { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /no answer within 3000 ms/ })
  asked = clock.nextTask((delay) => delay === 3_000)
  clock.advance(1)
  await asked
  const refused = nextChange(source)
  clock.advance(3_000)
  t.match(await refused, { type: 'refused', error: { reason: 'passphrase' } })
  await source.close()
})

test('reload() takes what is there, says what is wrong, and needs no watching', async (t) => {
  const { paths, ca, write } = await makeFolder(t)
  const crl = async (): Promise<Uint8Array> => (await ca.crl()).der
  await write('list.crl', await crl())
  const source = await fileCredentials({ ...paths, crl: paths.ca.replace('ca.pem', 'list.crl'), watch: false })
  const before = await source.reload()
  t.equal(before.generation, 1)
  await write('list.crl', await crl())
  t.match(await source.reload(), { generation: 2, trustEpoch: 2 })
  const told = nextChange(source)
  await write('key.pem', (await ca.issue()).key)
  await t.rejects(source.reload(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch' })
  t.match(await told, { type: 'refused', error: { reason: 'key_mismatch' } })
  await source.close()
})

test('files that move while they are read are read again, and never mixed', async (t) => {
  const { paths, ca, folder, write } = await makeFolder(t)
  const path = join(folder, 'both.pem')
  let overwriting = (): Promise<void> => Promise.resolve()
  const passphrase = async (): Promise<string> => {
    // Asked after the files were read, and before what they hold is judged.
    await overwriting()
    return 'unused'
  }
  const put = async (cn: string): Promise<void> => {
    const { chain, key } = await ca.issue({ cn })
    await write('both.pem', chain + key)
  }
  const overwriteOnce = (cn: string) => async (): Promise<void> => {
    overwriting = () => Promise.resolve()
    await put(cn)
  }
  await put('zeroth')
  overwriting = overwriteOnce('first')
  const source = await fileCredentials({ cert: path, ca: paths.ca, passphrase, pollInterval: HOUR })
  const seen = [source.current.identity.subject?.commonName]
  source.subscribe(({ snapshot }) => { seen.push(snapshot.identity.subject?.commonName) })
  overwriting = overwriteOnce('third')
  const rotated = nextChange(source)
  await put('second')
  await rotated
  t.same(seen, ['first', 'third'])
  await source.close()
  const still = await fileCredentials({ cert: path, ca: paths.ca, passphrase, watch: false })
  await put('fourth')
  overwriting = overwriteOnce('fifth')
  t.equal((await still.reload()).identity.subject?.commonName, 'fifth')
  t.equal(still.current.generation, 2)
  await still.close()
})

test('a check that fails whichever part is kept refuses everything', async (t) => {
  const { paths, ca, write, replace } = await makeFolder(t)
  let isBroken = false
  const loader = new FileLoader<CheckedMaterial>(paths, { timeout: 1_000 }, (material, context) => {
    if (isBroken) throw new Error('cannot check')
    return CREDENTIALS.check(material, context)
  })
  const signature = await readSignature(loader.paths)
  const { checked, digests } = await loader.load(signature, { signal: new AbortController().signal })
  if (checked === undefined) throw new Error('expected material')
  const source = new FileSource(CREDENTIALS, loader, { checked, checkers: new Map() }, SYSTEM_CLOCK)
  const follower = new FileFollower<CheckedMaterial>(source, { signature, digests }, {
    loader, clock: new ManualClock(), pollInterval: HOUR, reportAfter: 0, events: true
  })
  await follower.start()
  isBroken = true
  const next = await ca.issue({ cn: 'second' })
  const refused = nextChange(source)
  await write('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.match(await refused, { type: 'refused', authority: undefined, error: { message: 'cannot check' } })
  const told = nextChange(source)
  await t.rejects(source.reload(), { message: 'cannot check' })
  t.match(await told, { type: 'refused', error: { message: 'cannot check' } })
  t.equal(source.current.identity.subject?.commonName, 'first')
  await follower.close()
  await source.close()
})

interface Following {
  readonly source: FileSource<CredentialSnapshot, CheckedMaterial>
  readonly follower: FileFollower<CheckedMaterial>
}

async function follow (
  paths: { cert: string, key: string, ca: string }, options: Partial<FollowOptions>
): Promise<Following> {
  const loader = new FileLoader(paths, { timeout: 1_000 }, CREDENTIALS.check)
  const signature = await readSignature(loader.paths)
  const { checked, digests } = await loader.load(signature, { signal: new AbortController().signal })
  if (checked === undefined) throw new Error('expected material')
  const source = new FileSource(CREDENTIALS, loader, { checked, checkers: new Map() }, SYSTEM_CLOCK)
  const follower = new FileFollower<CheckedMaterial>(source, { signature, digests }, {
    loader, clock: new ManualClock(), pollInterval: HOUR, reportAfter: HOUR, events: true, ...options
  })
  await follower.start()
  return { source, follower }
}

/** ECDSA signatures differ in length by an octet or two. */
test('a file that was written in place differs, also where its size and its time are set back', async (t) => {
  const { folder, write } = await makeFolder(t)
  const path = join(folder, 'list.pem')
  await write('list.pem', 'one')
  await utimes(path, 1_000_000_000, 1_000_000_000)
  const before = await readSignature([path])
  t.equal((await readSignature([path])).text, before.text)
  // The time of a change is as coarse as the tick of the kernel.
  await setTimeout(50)
  await write('list.pem', 'two')
  await utimes(path, 1_000_000_000, 1_000_000_000)
  t.not((await readSignature([path])).text, before.text)
})

async function twoOfOneSize<Issued extends { chain: string, key: string }> (issue: () => Promise<Issued>): Promise<[Issued, Issued]> {
  const bySize = new Map<number, Issued>()
  for (;;) {
    const issued = await issue()
    const size = issued.chain.length + issued.key.length
    const other = bySize.get(size)
    if (other !== undefined) return [other, issued]
    bySize.set(size, issued)
  }
}
