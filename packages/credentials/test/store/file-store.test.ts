import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import { fileStore } from '../../src/index.ts'
import type { CertificateStore } from '../../src/index.ts'
import { FileLock } from '../../src/store/file-lock.ts'
import { makeWorld } from './instances.ts'

const { signal } = new AbortController()

async function makeFolder (t: { teardown (end: () => Promise<void>): unknown }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-store-'))
  t.teardown(async () => { await rm(folder, { recursive: true }) })
  return folder
}

const load = async (store: CertificateStore): Promise<string | undefined> => await store.load({ signal })
const save = async (store: CertificateStore, text: string): Promise<void> => { await store.save(text, { signal }) }
const lock = async (store: CertificateStore): Promise<(() => Promise<void>) | undefined> => await store.lock?.({ signal })

test('a restart uses the certificate of the file, which its owner alone can read', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  const { start, issuer } = makeWorld(t)
  const before = process.umask(0)
  t.teardown(() => { process.umask(before) })
  const first = await start({ store: fileStore(path) })
  const second = await start({ store: fileStore(path) })
  t.equal(issuer.calls, 1)
  t.equal(second.current.key, first.current.key)
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.same(await readdir(join(path, '..')), ['identity.json'], 'no lock and no new file is left')
  t.equal(second.status?.().renewal?.store?.name, path)
})

test('nothing is stored yet, or the folder is missing', async (t) => {
  const folder = await makeFolder(t)
  t.equal(await load(fileStore(join(folder, 'identity.json'))), undefined)
  const lost = fileStore(join(folder, 'lost', 'identity.json'))
  const expected = { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'file', message: /lost: found ENOENT; expected the folder of the store/ }
  await t.rejects(load(lost), expected)
  await t.rejects(lock(lost), expected)
  await t.rejects(save(lost, 'text'), expected)
})

test('a file that others can read or write is not used, nor one in a folder of everybody', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'identity.json')
  const [alone, shared] = [fileStore(path), fileStore(path, { mode: 0o660 })]
  await save(alone, 'text')
  for (const mode of [0o644, 0o640, 0o602, 0o660, 0o601]) {
    await chmod(path, mode)
    await t.rejects(load(alone), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'file', message: new RegExp(`identity\\.json: found mode 0${mode.toString(8)}; expected 0600 or less, as it has a key`) })
  }
  await chmod(path, 0o660)
  t.equal(await load(shared), 'text')
  await chmod(path, 0o664)
  await t.rejects(load(shared), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /found mode 0664; expected 0660/ })
  await save(shared, 'text')
  t.equal((await stat(path)).mode & 0o777, 0o660)
  await chmod(folder, 0o1777)
  const expected = { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /found mode 0777; expected a folder that others cannot write/ }
  await t.rejects(load(shared), expected)
  await t.rejects(lock(shared), expected)
  await t.rejects(save(shared, 'text'), expected)
})

test('a file of another user is not used, except in a store that is shared', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  const [alone, shared] = [fileStore(path), fileStore(path, { mode: 0o660 })]
  await save(alone, 'text')
  const { geteuid } = process
  const ours = geteuid?.() ?? 0
  const owner = ours === 0 ? 4_711 : ours
  // Root gives the file away. Anybody else becomes another user.
  if (ours === 0) await chown(path, owner, 0)
  else process.geteuid = () => ours + 1
  t.teardown(() => { if (geteuid !== undefined) process.geteuid = geteuid })
  await t.rejects(load(alone), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'file', message: new RegExp(`identity\\.json: found a file of the user ${owner}; expected one of `)
  })
  t.equal(await load(shared), 'text')
})

test('a start with a file that others can read fails, and a running source makes another key', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  const { start, issuer } = makeWorld(t)
  const source = await start({ store: fileStore(path) })
  const before = source.current.key
  await chmod(path, 0o644)
  await t.rejects(start({ store: fileStore(path) }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /found mode 0644/ })
  t.equal(issuer.calls, 1)
  await source.refresh()
  t.not(source.current.key, before)
  t.equal((await stat(path)).mode & 0o777, 0o600, 'the file of the new key is that of its owner alone')
})

test('what cannot be written leaves the former file and no key behind', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'identity.json')
  const store = fileStore(path)
  await mkdir(path)
  await t.rejects(save(store, 'new'), { code: /EISDIR|ENOTEMPTY|EEXIST/ })
  t.same(await readdir(folder), ['identity.json'])
  await t.rejects(load(store), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /found mode|found a directory/ })
})

test('the new file of a process that died while it wrote is removed', async (t) => {
  const folder = await makeFolder(t)
  const store = fileStore(join(folder, 'identity.json'))
  await writeFile(join(folder, 'identity.json.0b5a3c9e-4e0b-4f0a-9a51-7c1f1f6d2f11.new'), 'half a key', { mode: 0o600 })
  await writeFile(join(folder, 'identity.json.new'), 'of somebody else')
  await save(store, 'text')
  t.same(await readdir(folder), ['identity.json', 'identity.json.new'])
})

test('a link is followed for reading, and replaced by the file', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'target'), 'text', { mode: 0o600 })
  await symlink('target', join(folder, 'identity.json'))
  const store = fileStore(join(folder, 'identity.json'))
  t.equal(await load(store), 'text')
  await save(store, 'new')
  t.equal(await readFile(join(folder, 'target'), 'utf8'), 'text')
  t.equal(await load(store), 'new')
})

test('one instance at a time has the lock', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  const [one, other] = [fileStore(path), fileStore(path)]
  const release = await lock(one)
  t.type(release, 'function')
  t.equal((await stat(`${path}.lock`)).mode & 0o777, 0o600)
  t.equal(await lock(other), undefined)
  await release?.()
  t.type(await lock(other), 'function')
})

test('the lock of a process that was killed is taken after ten seconds, and not that of one that lives', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  const clock = new ManualClock()
  const store = fileStore(path, { clock })
  const child = fork(join(import.meta.dirname, 'hold-lock.ts'), [path], { execArgv: ['--conditions=@peerkit/source'], stdio: 'inherit' })
  await once(child, 'message')
  t.equal(await lock(store), undefined)
  const { mtimeMs } = await stat(`${path}.lock`)
  child.send('beat')
  await once(child, 'message')
  t.not((await stat(`${path}.lock`)).mtimeMs, mtimeMs, 'its holder touches it')
  clock.advance(10_000)
  t.equal(await lock(store), undefined, 'so it lives')
  child.kill('SIGKILL')
  await once(child, 'exit')
  clock.advance(9_999)
  t.equal(await lock(store), undefined)
  clock.advance(1)
  const release = await lock(store)
  t.type(release, 'function')
  await release?.()
  t.same(await readdir(join(path, '..')), [])
})

test('a holder that hung does not take away the lock of the next one', async (t) => {
  const path = join(await makeFolder(t), 'identity.json')
  // The timers of the first one stand still.
  const [hanging, clock] = [new ManualClock(), new ManualClock()]
  const release = await lock(fileStore(path, { clock: hanging }))
  const store = fileStore(path, { clock })
  t.equal(await lock(store), undefined)
  clock.advance(10_000)
  const releaseNext = await lock(store)
  await release?.()
  t.equal(hanging.waiting, 0)
  t.equal(await lock(fileStore(path)), undefined, 'it is still taken')
  await releaseNext?.()
  t.type(await lock(fileStore(path)), 'function')
})

test('a lock that cannot be made is an error', async (t) => {
  const folder = await makeFolder(t)
  await writeFile(join(folder, 'file'), '')
  await t.rejects(lock(fileStore(join(folder, 'file', 'identity.json'))), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /file: found a file; expected the folder of the store/ })
})

test('refuses wrong options by name', (t) => {
  for (const [path, options, message] of [
    ['', {}, /path is an empty string; expected a path/],
    [undefined, {}, /path is missing/],
    ['a', { mode: 0o644 | 0o1000 }, /mode is .*; expected a whole number/],
    ['a', { clock: 1 }, /clock is 1/],
    ['a', { watch: true }, /unknown option "watch" for fileStore/]
  ] as const) t.throws(() => fileStore(path as string, options as object), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }, String(message))
  t.end()
})

test('a lock that is held for long is no dead one: its holder says again and again that it lives', async (t) => {
  const path = join(await makeFolder(t), 'lock')
  const [holding, waiting] = [new ManualClock(), new ManualClock()]
  const release = await new FileLock(path, holding).take()
  const other = new FileLock(path, waiting)
  t.equal(await other.take(), undefined)
  for (let beat = 0; beat < 8; beat += 1) {
    const before = new Date(0)
    await utimes(path, before, before)
    holding.advance(2_000)
    waiting.advance(2_000)
    t.equal(holding.waiting, 1, 'the next one is planned')
    let touched = 0
    t.ok(await isSoon(() => {
      stat(path).then((found) => { touched = found.mtimeMs }, () => {})
      return touched > 0
    }))
    t.equal(await other.take(), undefined)
  }
  await release?.()
  t.equal(holding.waiting, 0)
  await (await other.take())?.()
})
