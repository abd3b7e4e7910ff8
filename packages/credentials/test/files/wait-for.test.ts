import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials, fileTrust } from '../../src/index.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { makeFolder } from '../support/world.ts'

const PAUSE = 250

test('waits for files that a sidecar writes one after the other, and uses none before all are there', async (t) => {
  const { paths, folder, ca, write } = await makeFolder(t)
  const leaf = await ca.issue({ cn: 'late' })
  for (const name of ['cert.pem', 'key.pem', 'ca.pem']) await rm(join(folder, name))
  const clock = new ManualClock()
  const isPause = (delay: number): boolean => delay === PAUSE
  let settled = false
  let paused = clock.nextTask(isPause)
  const starting = fileCredentials({ ...paths, waitFor: 30_000, clock, watch: false })
  starting.then(() => { settled = true }, () => { settled = true })
  const foreign = await (await createDevCa()).issue({ cn: 'foreign' })
  for (const step of [
    async () => { await write('ca.pem', ca.root) }, async () => { await write('cert.pem', '') },
    async () => { await write('cert.pem', leaf.chain.slice(0, 200)) }, async () => { await write('cert.pem', leaf.chain) },
    async () => { await write('key.pem', foreign.key) }
  ]) {
    await paused
    await step()
    t.equal(settled, false)
    paused = clock.nextTask(isPause)
    clock.advance(PAUSE)
  }
  await paused
  await write('key.pem', leaf.key)
  clock.advance(PAUSE)
  const source = await starting
  t.equal(source.current.identity.commonName, 'late')
  t.equal(source.current.generation, 1)
  await source.close()
})

test('says which files were still missing, and what was wrong at last', async (t) => {
  const { paths, folder } = await makeFolder(t)
  await rm(join(folder, 'key.pem'))
  await writeFile(join(folder, 'ca.pem'), '')
  for (const start of [fileCredentials, fileTrust] as const) {
    const clock = new ManualClock()
    const paused = clock.nextTask()
    const starting = start === fileTrust ? fileTrust({ ca: paths.ca, waitFor: PAUSE, clock }) : fileCredentials({ ...paths, waitFor: PAUSE, clock })
    const message = start === fileTrust
      ? /not complete within 250 ms; missing or empty: .*ca\.pem; last error: ca \(.*found nothing/
      : /not complete within 250 ms; missing or empty: .*key\.pem, .*ca\.pem; last error: key \(.*no such file/
    const rejected = t.rejects(starting, { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'timeout', message })
    await paused
    clock.advance(PAUSE)
    await rejected
  }
  const clock = new ManualClock()
  const { paths: good, ca, write } = await makeFolder(t)
  await write('key.pem', (await ca.issue({ cn: 'other' })).key)
  const paused = clock.nextTask()
  const rejected = t.rejects(fileCredentials({ ...good, waitFor: PAUSE, clock }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /all files are there; last error: key \(.*does not belong/ })
  await paused
  clock.advance(PAUSE)
  await rejected
})

test('a signal ends the wait, and does not start it', async (t) => {
  const { paths, folder } = await makeFolder(t)
  await rm(join(folder, 'key.pem'))
  const controller = new AbortController()
  const clock = new ManualClock()
  const paused = clock.nextTask()
  const rejected = t.rejects(fileCredentials({ ...paths, waitFor: 30_000, signal: controller.signal, clock }), /the pod ends/)
  await paused
  controller.abort(new Error('the pod ends'))
  await rejected
  t.equal(clock.waiting, 0)
  await t.rejects(fileCredentials({ ...paths, signal: controller.signal }), /the pod ends/)
})

test('does not wait unless asked to, and never for a wrong option', async (t) => {
  const { paths, folder } = await makeFolder(t)
  await t.rejects(fileCredentials({ ...paths, waitFor: 30_000, passphrase: (() => 5) as never }), { code: 'MTLS_ERR_CREDENTIALS_OPTION' })
  await rm(join(folder, 'key.pem'))
  for (const options of [{}, { waitFor: 0 }]) await t.rejects(fileCredentials({ ...paths, ...options }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'file' })
  for (const [options, message] of [[{ waitFor: -1 }, /waitFor is -1; expected/], [{ waitFor: '30s' }, /waitFor is "30s"/], [{ signal: {} }, /signal is an object; expected an AbortSignal/]] as const) {
    await t.rejects(fileCredentials({ ...paths, ...options } as any), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message })
  }
})
