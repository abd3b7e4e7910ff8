import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { CheckedMaterial } from '../../src/material/check-material.ts'
import { readSignature } from '../../src/watch/file-signature.ts'
import { FileLoader } from '../../src/files/load-files.ts'
import type { LoadedFiles } from '../../src/files/load-files.ts'
import { FileReader } from '../../src/files/read-files.ts'
import { fileCredentials } from '../../src/index.ts'
import { SYSTEM_CLOCK } from '../../src/clock.ts'
import type { CredentialSnapshot } from '../../src/sources/credential-snapshot.ts'
import { CREDENTIALS } from '../../src/sources/frozen-snapshot.ts'
import { LiveSource } from '../../src/sources/live-source.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { makeFolder, nextChange } from '../support/world.ts'

const HOUR = 3_600_000

type Loaded = LoadedFiles & { readonly checked: CheckedMaterial }

test('two reloads at once run one after another', async (t) => {
  const { paths } = await makeFolder(t)
  let [running, most, asked] = [0, 0, 0]
  const passphrase = async (): Promise<string> => {
    running += 1
    asked += 1
    most = Math.max(most, running)
    for (let round = 0; round < 100; round += 1) await nextTurn()
    running -= 1
    return 'unused'
  }
  const source = await fileCredentials({ ...paths, passphrase, watch: false })
  await Promise.all([source.reload(), source.reload(), source.reload()])
  t.equal(asked, 4)
  t.equal(most, 1)
  await source.close()
})

test('an authority with CRLs is not used without a checker for them', async (t) => {
  const { paths: { cert, key }, ca, folder, write } = await makeFolder(t)
  const at = (name: string): string => join(folder, name)
  const [acme, more] = [await createDevCa({ name: 'Acme' }), await createDevCa({ name: 'More' })]
  await write('internal.pem', ca.root)
  await write('acme.pem', acme.root)
  await write('acme.crl', (await acme.crl()).pem)
  const authorities = {
    internal: { ca: at('internal.pem'), names: 'any' },
    acme: { ca: at('acme.pem'), crl: at('acme.crl'), names: {} }
  } as const
  const loader = new FileLoader({ cert, key, authorities }, { timeout: 1_000 }, CREDENTIALS.check)
  const load = async (source?: LiveSource<CredentialSnapshot, CheckedMaterial>): Promise<Loaded> => {
    const signal = new AbortController().signal
    const signature = await readSignature(loader.paths)
    return await loader.load(signature, { signal, ...(source && { before: { source } }) }) as Loaded
  }
  const first = await load()
  const source = new LiveSource(CREDENTIALS, first.checked, first.checkers, SYSTEM_CLOCK)
  await write('internal.pem', ca.root + more.root)
  const slow = await load(source)
  await write('acme.pem', acme.root + more.root)
  await write('internal.pem', ca.root)
  const quick = await load(source)
  source.take(quick.checked, quick.checkers)
  const inForce = source.current
  t.throws(() => source.take(slow.checked, slow.checkers), {
    code: 'MTLS_ERR_CREDENTIALS_REFUSED',
    reason: 'crl',
    authorities: ['acme'],
    message: /authorities\.acme\.crl \(.*acme\.crl\): there is no checker for its CRLs/
  })
  t.equal(source.current, inForce)
  await source.close()
})

test('a CRL that was read while the files changed is read again', async (t) => {
  const { paths, write, folder } = await makeFolder(t)
  const crl = join(folder, 'list.crl')
  await write('list.crl', 'one')
  const reader = new FileReader({ ...paths, crl })
  const signature = await readSignature([...Object.values(paths), crl])
  const digests = async (): Promise<unknown> => Object.fromEntries((await reader.read(signature)).crlDigests)
  const one = await digests()
  await write('list.crl', 'two')
  const two = await digests()
  t.strictNotSame(two, one)
  await write('list.crl', 'one')
  t.same(await digests(), one)
  reader.remember(new Set())
  await write('list.crl', 'two')
  t.same(await digests(), one, 'a CRL of a known state is not read')
  reader.forget()
  t.same(await digests(), two)
})

test('a CA that reload() took is gone when its file is put back', async (t) => {
  const { paths, ca, folder } = await makeFolder(t)
  const other = await createDevCa({ name: 'Other' })
  for (const [name, roots] of [['v0', ca.root], ['v1', ca.root + other.root]] as const) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'ca.pem'), roots)
  }
  const use = async (version: string): Promise<void> => {
    await symlink(version, join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
  }
  await use('v0')
  const clock = new ManualClock()
  const options = { ...paths, ca: join(folder, 'current/ca.pem'), clock }
  const source = await fileCredentials({ ...options, watch: 'poll', pollInterval: HOUR })
  await use('v1')
  t.equal((await source.reload()).anchors.length, 2)
  const rotated = nextChange(source)
  await use('v0')
  clock.advance(HOUR)
  t.match(await rotated, { type: 'rotated', trustChanged: true, snapshot: { anchors: { length: 1 } } })
  await source.close()
})
