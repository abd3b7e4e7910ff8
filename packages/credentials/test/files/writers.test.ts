// Every way in which people and tools write files, certificate first and key first, with the other file coming only after the source has seen that they do not fit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, cp, link, mkdir, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { fileCredentials } from '../../src/index.ts'
import { makeFolder, nextChange, nextMessage } from '../support/world.ts'

const HOUR = 3_600_000
/** Elsewhere neither the folders above nor the files themselves are watched. */
const SWAP_POLL = process.platform === 'linux' ? HOUR : 100
type Write = (path: string, text: string) => Promise<void>

const WRITERS: Readonly<Record<string, Write>> = {
  'rename over': async (path, text) => {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  },
  'rewrite in place': async (path, text) => { await writeFile(path, text) },
  'rewrite in place, in two halves': async (path, text) => {
    const handle = await open(path, 'w')
    await handle.write(text.slice(0, text.length / 2))
    await handle.sync()
    await handle.write(text.slice(text.length / 2))
    await handle.close()
  },
  'overwrite without truncating': async (path, text) => {
    const handle = await open(path, 'r+')
    await handle.write(text, 0)
    await handle.truncate(text.length)
    await handle.close()
  },
  'remove and create': async (path, text) => {
    await unlink(path)
    await writeFile(path, text)
  },
  'copy over': async (path, text) => {
    await writeFile(`${path}.source`, text)
    await copyFile(`${path}.source`, path)
  },
  'hard link over': async (path, text) => {
    await writeFile(`${path}.other`, text)
    await link(`${path}.other`, `${path}.link`)
    await rename(`${path}.link`, path)
    await unlink(`${path}.other`)
  },
  'link to another file': async (path, text) => {
    const version = `${path}.${Math.random()}`
    await writeFile(version, text)
    await symlink(version, `${path}.tmp`)
    await rename(`${path}.tmp`, path)
  }
}

for (const [style, write] of Object.entries(WRITERS)) {
  for (const order of ['certificate first', 'key first']) {
    test(`takes files written by: ${style}, ${order}`, async (t) => {
      const { paths, ca } = await makeFolder(t)
      // Whatever lasts is said after an hour: in here, nothing may be refused.
      const source = await fileCredentials({ ...paths, reportAfter: HOUR, pollInterval: HOUR })
      const told: string[] = []
      source.subscribe(({ type }) => { told.push(type) })
      for (const name of ['second', 'third']) {
        const next = await ca.issue({ cn: name })
        const parts: Array<[string, string]> = [[paths.cert, next.chain], [paths.key, next.key]]
        const [[firstPath, firstText], [secondPath, secondText]] = (order === 'key first' ? parts.reverse() : parts) as [[string, string], [string, string]]
        const before = source.current
        const waiting = nextMessage('waiting', 'key_mismatch')
        await write(firstPath, firstText)
        await waiting
        t.equal(source.current, before, 'half of it changes nothing')
        const rotated = nextChange(source)
        await write(secondPath, secondText)
        await rotated
        t.equal(source.current.identity.subject?.commonName, name)
      }
      t.same(told, ['rotated', 'rotated'])
      await source.close()
    })
  }
}

test('sees what is written through another link, as to a file that is mounted by itself', async (t) => {
  const { folder, ca, issued } = await makeFolder(t)
  await mkdir(join(folder, 'host'))
  await mkdir(join(folder, 'container'))
  await writeFile(join(folder, 'host/both.pem'), issued.chain + issued.key)
  await link(join(folder, 'host/both.pem'), join(folder, 'container/both.pem'))
  const source = await fileCredentials({ cert: join(folder, 'container/both.pem'), ca: join(folder, 'ca.pem'), pollInterval: SWAP_POLL, reportAfter: HOUR })
  for (const cn of ['v2', 'v3']) {
    const next = await ca.issue({ cn })
    const rotated = nextChange(source)
    await writeFile(join(folder, 'host/both.pem'), next.chain + next.key)
    await rotated
    t.equal(source.current.identity.subject?.commonName, cn)
  }
  await source.close()
})

const PROJECTED = ['tls.crt', 'tls.key', 'ca.crt']

async function publishVersion (volume: string, version: string, { chain, key, ca }: IssuedCertificate): Promise<void> {
  await mkdir(join(volume, version))
  for (const [index, text] of [chain, key, ca].entries()) await writeFile(join(volume, version, PROJECTED[index] as string), text)
  await symlink(version, join(volume, '..data_tmp'))
  await rename(join(volume, '..data_tmp'), join(volume, '..data'))
}

test("follows Kubernetes' ..data again and again, with the old version removed behind it", async (t) => {
  const { folder, ca } = await makeFolder(t)
  await publishVersion(folder, '..v0', await ca.issue({ cn: '..v0' }))
  for (const name of PROJECTED) await symlink(join('..data', name), join(folder, name))
  const source = await fileCredentials({ cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt'), pollInterval: HOUR, reportAfter: HOUR })
  for (let number = 1; number <= 5; number += 1) {
    const rotated = nextChange(source)
    await publishVersion(folder, `..v${number}`, await ca.issue({ cn: `..v${number}` }))
    await rm(join(folder, `..v${number - 1}`), { recursive: true })
    t.match(await rotated, { type: 'rotated', trustChanged: false, snapshot: { identity: { subject: { commonName: `..v${number}` } } } })
  }
  const next = await createDevCa({ name: 'Next' })
  const rotated = nextChange(source)
  await publishVersion(folder, '..v6', await next.issue({ cn: 'other CA' }))
  t.match(await rotated, { type: 'rotated', trustChanged: true, snapshot: { trustEpoch: 2 } })
  await source.close()
})

test('follows a link above the folder, as subPath mounts and releases have it', async (t) => {
  const { folder, ca } = await makeFolder(t)
  const release = async (name: string): Promise<void> => {
    const { chain, key } = await ca.issue({ cn: name })
    await mkdir(join(folder, name, 'tls'), { recursive: true })
    await writeFile(join(folder, name, 'tls', 'cert.pem'), chain)
    await writeFile(join(folder, name, 'tls', 'key.pem'), key)
    await symlink(name, join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
  }
  await release('r1')
  const source = await fileCredentials({ cert: join(folder, 'current/tls/cert.pem'), key: join(folder, 'current/tls/key.pem'), ca: join(folder, 'ca.pem'), pollInterval: HOUR })
  for (const name of ['r2', 'r3']) {
    const rotated = nextChange(source)
    await release(name)
    await rotated
    t.equal(source.current.identity.subject?.commonName, name)
  }
  await source.close()
})

test('follows a folder that is swapped for another of the same name', async (t) => {
  const { folder, ca } = await makeFolder(t)
  const prepare = async (name: string, cn: string): Promise<void> => {
    const { chain, key } = await ca.issue({ cn })
    await mkdir(join(folder, name, 'deep'), { recursive: true })
    await writeFile(join(folder, name, 'deep/cert.pem'), chain)
    await writeFile(join(folder, name, 'deep/key.pem'), key)
  }
  await prepare('live', 'v1')
  const source = await fileCredentials({ cert: join(folder, 'live/deep/cert.pem'), key: join(folder, 'live/deep/key.pem'), ca: join(folder, 'ca.pem'), pollInterval: SWAP_POLL, reportAfter: HOUR })
  for (const cn of ['v2', 'v3']) {
    await prepare('staged', cn)
    const rotated = nextChange(source)
    await rename(join(folder, 'live'), join(folder, `old-${cn}`))
    await rename(join(folder, 'staged'), join(folder, 'live'))
    await rotated
    t.equal(source.current.identity.subject?.commonName, cn)
  }
  await source.close()
})

test('finds the files again when their whole folder was removed and comes back', async (t) => {
  const { folder, ca } = await makeFolder(t)
  const first = await ca.issue({ cn: 'v1' })
  await mkdir(join(folder, 'live'))
  await writeFile(join(folder, 'live/both.pem'), first.chain + first.key)
  const source = await fileCredentials({ cert: join(folder, 'live/both.pem'), ca: join(folder, 'ca.pem'), pollInterval: HOUR, reportAfter: HOUR })
  for (const cn of ['v2', 'v3']) {
    const waiting = nextMessage('waiting', 'file')
    await rm(join(folder, 'live'), { recursive: true })
    t.match(await waiting, { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /both\.pem\): found no such file; expected a PEM certificate/ })
    const next = await ca.issue({ cn })
    await mkdir(join(folder, 'staged'))
    const rotated = nextChange(source)
    await writeFile(join(folder, 'staged/both.pem'), next.key + next.chain)
    await cp(join(folder, 'staged'), join(folder, 'live'), { recursive: true })
    await rotated
    t.equal(source.current.identity.subject?.commonName, cn)
    await rm(join(folder, 'staged'), { recursive: true })
  }
  await source.close()
})

test('a writer that is killed at any point leaves the old in force', async (t) => {
  const { paths, ca, folder, issued, replace } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, reportAfter: HOUR, pollInterval: HOUR })
  const program = `
    const { openSync, writeSync } = require('node:fs')
    const { path, text } = JSON.parse(process.argv[1])
    const file = openSync(path, 'w')
    writeSync(file, text)
    console.log('written')
    setInterval(() => {}, 1000)`
  const next = await ca.issue({ cn: 'next' })
  const points = [0, 1, 27, 28, 200, next.chain.length - 30, next.chain.length - 2]
  for (const point of points) {
    const waiting = nextMessage('waiting')
    const writer = spawn(process.execPath, ['-e', program, JSON.stringify({ path: paths.cert, text: next.chain.slice(0, point) })], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } })
    await once(writer.stdout, 'data')
    writer.kill('SIGKILL')
    const [, signal] = await once(writer, 'exit')
    t.equal(signal, 'SIGKILL')
    t.match((await waiting).reason, /unreadable|key_mismatch/, `after ${point} octets`)
    t.equal(source.current.generation, 1)
    t.equal(source.current.cert, issued.chain)
  }
  const rotated = nextChange(source)
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.match(await rotated, { type: 'rotated', snapshot: { generation: 2 } })
  await source.close()
})

test('a file cut off between two certificates is not taken for a shorter chain', async (t) => {
  const { paths, ca, replace, write } = await makeFolder(t)
  const intermediate = await ca.intermediate()
  const first = await intermediate.issue({ cn: 'with intermediate' })
  await write('cert.pem', first.chain)
  await write('key.pem', first.key)
  const source = await fileCredentials({ ...paths, reportAfter: HOUR, pollInterval: HOUR })
  const waiting = nextMessage('waiting', 'bad_chain')
  await write('cert.pem', first.cert)
  t.match(await waiting, { message: /expected its issuer .* too, which was there before/ })
  t.equal(source.current.intermediates.length, 1)
  const next = await ca.issue({ cn: 'without' })
  const rotated = nextChange(source)
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  await rotated
  t.equal(source.current.intermediates.length, 0, 'another issuer needs none')
  await source.close()
})
