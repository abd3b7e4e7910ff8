import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'
import { withFolderLock } from '../src/folder/folder-lock.ts'
import { createDevCa, openDevCa, storeDevCa, updateDevCa } from '../src/index.ts'
import { placeFile } from '../src/folder/files.ts'

const STATE = 'MTLS_ERR_DEV_CA_STATE'

async function holdLock (folder: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=@peerkit/source', join(import.meta.dirname, 'support/hold-lock.ts'), folder],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } }
  )
  await once(child.stdout, 'data')
  return child
}

test('two that opened the CA before either saved keep each other\'s revocations, and the next ' +
  'delta has them', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const first = await storeDevCa(await createDevCa(), folder)
  const second = await openDevCa(folder)
  await Promise.all([first.crl(), first.crl()])
  first.revoke('01')
  await first.save()
  second.revoke('02')
  await second.save()
  const { pem, number } = await (await openDevCa(folder)).crl({ deltaBase: 2 })
  t.equal(number, 3)
  const delta = parseCrl(pem)
  t.same([delta.has('01'), delta.has('02')], [true, true], 'CRL 2 has neither')
  t.same((await second.crl()).number, 3, 'the second has taken up the first one\'s numbers')
})

test('the lock of a process that was killed is broken at once', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await storeDevCa(await createDevCa(), folder)
  const holder = await holdLock(folder)
  const closed = once(holder, 'close')
  holder.kill('SIGKILL')
  await closed
  t.ok(existsSync(join(folder, 'lock')))
  const all = await Promise.all(Array.from(
    { length: 8 }, (_, index) => updateDevCa(folder, (ca) => { ca.revoke(`0${index + 1}`) })
  ))
  t.equal(all.length, 8)
  t.notOk(existsSync(join(folder, 'lock')))
  t.equal(parseCrl((await (await openDevCa(folder)).crl()).pem).size, 8)
})

test('a lock that is held is waited for, and named where it stays', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await storeDevCa(await createDevCa(), folder)
  const holder = await holdLock(folder)
  t.teardown(() => { holder.kill('SIGKILL') })
  await t.rejects(
    updateDevCa(folder, () => {}, { wait: 50 }),
    { code: STATE, message: new RegExp(`lock is held by process ${holder.pid} on .*; try again`) }
  )
  const waiting = updateDevCa(folder, (ca) => { ca.revoke('01') })
  holder.stdin?.write('go')
  await t.resolves(waiting)
})

test('of a lock of another machine, or one that says nothing, the age decides', async (t) => {
  const folder = t.testdir()
  const path = join(folder, 'lock')
  const long = new Date(Date.now() - 60_000)
  for (const content of [
    JSON.stringify({ pid: 1, host: `not-${hostname()}`, token: 'x' }), '', 'null', '{"pid":"x"}'
  ]) {
    writeFileSync(path, content)
    await t.rejects(
      withFolderLock(folder, async () => {}, { wait: 0 }),
      { code: STATE, message: content.includes('not-') ? /process 1 on "not-/ : /an unknown process/ }
    )
    utimesSync(path, long, long)
    t.equal(await withFolderLock(folder, async () => 'ran'), 'ran', content)
  }
  // Whoever broke it was killed as well.
  writeFileSync(path, '')
  writeFileSync(`${path}.break`, '')
  for (const file of [path, `${path}.break`]) utimesSync(file, long, long)
  t.equal(await withFolderLock(folder, async () => 'ran'), 'ran')
  t.same(readdirSync(folder), [])
})

test('a lock that was broken and taken by another is not removed by who lost it', async (t) => {
  const folder = t.testdir()
  const other = JSON.stringify({ pid: process.pid, host: hostname(), token: 'other' })
  await withFolderLock(folder, async () => { writeFileSync(join(folder, 'lock'), other) })
  t.equal(readFileSync(join(folder, 'lock'), 'utf8'), other)
})

test('what a killed writer left is removed, and nothing else', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await storeDevCa(await createDevCa(), folder)
  const uuid = '01234567-89ab-cdef-0123-456789abcdef'
  for (const name of [`ca.key.${uuid}.new`, `state.json.${uuid}.new`, `leaf.key.${uuid}.new`, 'ca.key.new']) {
    writeFileSync(join(folder, name), 'x')
  }
  await updateDevCa(folder, () => {})
  t.same(
    readdirSync(folder).sort(),
    ['ca.key', 'ca.key.new', 'ca.pem', 'chain.pem', `leaf.key.${uuid}.new`, 'root.pem', 'state.json']
  )
})

test('an operation that fails saves nothing and lets go', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await storeDevCa(await createDevCa(), folder)
  await t.rejects(updateDevCa(folder, (ca) => {
    ca.revoke('01')
    throw new Error('no')
  }), { message: 'no' })
  t.equal(parseCrl((await (await openDevCa(folder)).crl()).pem).size, 0)
  t.notOk(existsSync(join(folder, 'lock')))
  await t.rejects(updateDevCa(join(folder, 'none'), () => {}), { code: STATE, message: /expected a CA \(create/ })
  await t.rejects(withFolderLock(join(folder, 'none'), async () => {}), { code: 'ENOENT' })
})

test('of two that place one file without force one succeeds', async (t) => {
  const path = join(t.testdir(), 'a.pem')
  const results = await Promise.allSettled(['1', '2', '3', '4'].map((text) => placeFile(path, text)))
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.match(results.find(({ status }) => status === 'rejected'), { reason: { code: STATE } })
  t.equal(readdirSync(join(path, '..')).length, 1)
})
