import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import {
  appendFile, mkdir, mkdtemp, open, rename, rm, rmdir, symlink, unlink, utimes, writeFile
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { createPartialIdentity } from '@peerkit/identity'
import { BlockFileList, blockFile, readBlockFile } from '../src/block/block-file.ts'
import type { BlockFileOptions } from '../src/block/block-file.ts'
import { blockMemory } from '../src/block/block-memory.ts'
import type { BlockChange, BlockFile, BlockSource } from '../src/block/block-source.ts'
import { readSignature } from '../src/watch/file-signature.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoonByReads } from './support/world.ts'

const HOUR = 3_600_000

interface Test { after (task: () => Promise<void> | void): void }

interface Folder { readonly folder: string, readonly path: string, replace (text: string): Promise<void> }

async function makeFolder (t: Test, text: string): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-block-'))
  // A source keeps no process alive, not even one that waits for it.
  const alive = setInterval(() => {}, 1_000)
  t.after(async () => {
    clearInterval(alive)
    await rm(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'block.yaml')
  await writeFile(path, text)
  const replace = async (next: string): Promise<void> => {
    await writeFile(`${path}.new`, next)
    await rename(`${path}.new`, path)
  }
  return { folder, path, replace }
}

/** A file that changes are told of by events alone. */
async function openFile (t: Test, path: string, options: BlockFileOptions = {}): Promise<BlockFile> {
  const source = await blockFile(path, { pollInterval: HOUR, ...options })
  t.after(async () => { await source.close() })
  return source
}

async function nextChange (source: BlockSource): Promise<BlockChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      end()
      resolve(change)
    })
  })
}

const names = (...hosts: string[]): string => `version: 1\nblock: [${hosts.map((host) => `{ dns: ${host} }`).join(
  ', '
)}]\n`

const peer = (host: string): ReturnType<typeof createPartialIdentity> => createPartialIdentity(
  { subjectAltNames: { dns: [host] } }
)

function isBlocked (source: BlockSource, host: string): boolean {
  return source.find(peer(host)) !== undefined
}

const WRITERS: Readonly<Record<string, (path: string, text: string) => Promise<void>>> = {
  'renaming another over it': async (path, text) => {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  },
  'writing in place': writeFile,
  'writing in place without truncating first': async (path, text) => {
    const file = await open(path, 'r+')
    await file.write(text, 0)
    await file.truncate(text.length)
    await file.close()
  },
  'removing and writing it': async (path, text) => {
    await unlink(path)
    await writeFile(path, text)
  },
  'a link to another file': async (path, text) => {
    const version = `${path}.${Math.random()}`
    await writeFile(version, text)
    await symlink(version, `${path}.link`)
    await rename(`${path}.link`, path)
  }
}

for (const [how, write] of Object.entries(WRITERS)) {
  test(`takes a list written by ${how}`, async (t) => {
    const { path } = await makeFolder(t, names('first'))
    const source = await openFile(t, path)
    t.same([source.version, isBlocked(source, 'first'), isBlocked(source, 'second')], [1, true, false])
    for (const [version, before, host] of [[2, 'first', 'second'], [3, 'second', 'third']] as const) {
      const changed = nextChange(source)
      await write(path, names(host))
      t.same(await changed, { type: 'changed', added: [{ dns: host }], removed: [{ dns: before }] })
      t.same([source.version, isBlocked(source, before), isBlocked(source, host)], [version, false, true])
    }
  })
}

test("follows Kubernetes' ..data again and again, with the old version removed behind it", async (t) => {
  const { folder } = await makeFolder(t, '')
  const publish = async (version: string): Promise<void> => {
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'list.yaml'), names(version.slice(2)))
    await symlink(version, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  await publish('..v0')
  await symlink('..data/list.yaml', join(folder, 'list.yaml'))
  const source = await openFile(t, join(folder, 'list.yaml'))
  for (let number = 1; number <= 4; number += 1) {
    const changed = nextChange(source)
    await publish(`..v${number}`)
    await rm(join(folder, `..v${number - 1}`), { recursive: true })
    t.match(await changed, { type: 'changed' })
    t.same(source.entries, [{ dns: `v${number}` }])
  }
})

const BROKEN: Readonly<Record<string, { spoil (path: string): Promise<void>, error: object }>> = {
  truncated: {
    spoil: async (path) => { await writeFile(path, '') },
    error: { reason: 'structure', message: /found an empty document/ }
  },
  'cut off after a key': {
    spoil: async (path) => { await writeFile(path, 'version: 1\nblock:\n') },
    error: { reason: 'structure', message: /expected an array/ }
  },
  'cut off in an entry': {
    spoil: async (path) => { await writeFile(path, 'version: 1\nblock:\n  - dns: a\n    unt') },
    error: { reason: 'malformed' }
  },
  removed: { spoil: unlink, error: { reason: 'unreadable', message: /found no such file/ } },
  'too large': {
    spoil: async (path) => { await appendFile(path, '#'.repeat(1_000_000)) }, error: { reason: 'too_large' }
  },
  wrong: {
    spoil: async (path) => { await writeFile(path, 'version: 1\nblock: [{ dsn: a }]') },
    error: { reason: 'structure', message: /block\[0\]\.dsn \(line 2\): unknown key; did you mean "dns"/ }
  }
}

for (const [what, { spoil, error }] of Object.entries(BROKEN)) {
  test(`a file that is ${what} leaves the former list in force, and is told once`, async (t) => {
    const { path, replace } = await makeFolder(t, names('a'))
    const clock = new ManualClock()
    const source = await openFile(t, path, { clock })
    const told: BlockChange[] = []
    source.subscribe((change) => { told.push(change) })
    const refused = nextChange(source)
    await spoil(path)
    t.match(await refused, { type: 'refused', error: { code: 'MTLS_ERR_BLOCK_LIST_INVALID', ...error } })
    t.same([source.version, isBlocked(source, 'a')], [1, true])
    clock.advance(HOUR)
    clock.advance(HOUR)
    const changed = nextChange(source)
    await replace(names('a', 'b'))
    t.match(await changed, { type: 'changed', added: [{ dns: 'b' }], removed: [] })
    t.same(told.map(({ type }) => type), ['refused', 'changed', 'recovered'])
    t.equal(source.version, 2)
    const again = nextChange(source)
    await spoil(path)
    t.match(await again, { type: 'refused', error }, 'a mistake that was mended is told again')
    const recovered = nextChange(source)
    await replace(names('a', 'b'))
    t.match(await recovered, { type: 'recovered' }, 'and so is the former list, when it is back')
    t.equal(source.version, 2)
  })
}

test('a folder in place of the file leaves the former list in force', async (t) => {
  const { path } = await makeFolder(t, names('a'))
  const source = await openFile(t, path)
  const refused = nextChange(source)
  await unlink(path)
  await mkdir(path)
  t.match(await refused, { type: 'refused', error: { reason: 'unreadable', message: /found a directory; expected/ } })
  t.ok(isBlocked(source, 'a'))
  const changed = nextChange(source)
  await rmdir(path)
  await writeFile(path, names('b'))
  t.match(await changed, { type: 'changed' })
})

test('a file that is mended within a moment is not told of', async (t) => {
  const { path } = await makeFolder(t, names('a'))
  const source = await openFile(t, path)
  const changed = nextChange(source)
  await writeFile(path, 'version: 1\nblo')
  await writeFile(path, names('b'))
  t.match(await changed, { type: 'changed' })
})

test('a file that is touched, ordered otherwise or commented is the same list', async (t) => {
  const { path, replace } = await makeFolder(t, names('a', 'b'))
  const source = await openFile(t, path)
  const told: BlockChange[] = []
  source.subscribe((change) => { told.push(change) })
  await utimes(path, new Date(), new Date())
  await source.reload()
  await replace(`# a comment\n${names('B', 'a', 'a')}`)
  await source.reload()
  t.same([source.version, told], [1, []])
  const changed = nextChange(source)
  await replace('version: 1\nblock: [{ dns: a, reason: now known }, { dns: b }]')
  await source.reload()
  t.match(await changed, { type: 'changed', added: [{ dns: 'a', reason: 'now known' }], removed: [{ dns: 'a' }] })
  t.equal(source.version, 2)
  await replace('version: 1\nblock: []')
  await source.reload()
  t.same([source.version, source.entries, isBlocked(source, 'a')], [3, [], false])
})

test('finds changes by polling alone', async (t) => {
  const { path, replace } = await makeFolder(t, names('a'))
  const clock = new ManualClock()
  const source = await openFile(t, path, { watch: 'poll', pollInterval: 30_000, clock })
  for (const host of ['b', 'c']) {
    const changed = nextChange(source)
    await replace(names(host))
    clock.advance(30_000)
    await changed
    t.ok(isBlocked(source, host))
  }
  await source.close()
  t.equal(clock.waiting, 0, 'no timer is left')
})

test('without watching only reload() reads, and says what is wrong', async (t) => {
  const { path, replace } = await makeFolder(t, names('a'))
  const clock = new ManualClock()
  const source = await openFile(t, path, { watch: false, clock })
  t.equal(clock.waiting, 0)
  await replace(names('b'))
  await source.reload()
  t.same([source.version, isBlocked(source, 'b')], [2, true])
  const told = nextChange(source)
  await replace('')
  await t.rejects(source.reload(), { code: 'MTLS_ERR_BLOCK_LIST_INVALID', reason: 'structure' })
  t.match(await told, { type: 'refused', error: { reason: 'structure' } })
  t.ok(isBlocked(source, 'b'))
  await source.close()
  t.ok(isBlocked(source, 'b'), 'the last list stays in force')
  await t.rejects(source.reload(), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
})

test('an end in the file is kept by the clock of the source', async (t) => {
  const clock = new ManualClock()
  const { path } = await makeFolder(
    t, `version: 1\nblock: [{ dns: a, until: "${new Date(clock.now() + 60_000).toISOString()}" }]`
  )
  const source = await openFile(t, path, { clock })
  t.same([isBlocked(source, 'a'), source.ended], [true, 0])
  clock.advance(60_000)
  t.same([isBlocked(source, 'a'), source.ended, source.version], [false, 1, 1])
})

test('where folders cannot be watched it says so and looks every second', async (t) => {
  const { path, replace } = await makeFolder(t, names('a'))
  const clock = new ManualClock()
  const warning = new Promise<Error & { code?: string }>((resolve) => { process.once('warning', resolve) })
  const full = (() => {
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }) as unknown as typeof watch
  const list = await follow(path, clock, full)
  t.match(
    await warning,
    { code: 'PEERKIT_WATCH_FAILED', message: /Block list: cannot watch .* \(ENOSPC\); polling .* every 1000 ms instead/ }
  )
  const changed = nextChange(list)
  await replace(names('b'))
  clock.advance(1_000)
  t.match(await changed, { type: 'changed', added: [{ dns: 'b' }] })
  await list.close()
})

test('a change that left size and times as they were is found by the second look', async (t) => {
  const { path } = await makeFolder(t, names('b'))
  const clock = new ManualClock()
  // As if the file had been read before it was written, and its times had not told.
  const list = new BlockFileList(path, { entries: [], digest: 'other' }, clock)
  await list.follow(await readSignature([path]), { pollInterval: HOUR, events: false })
  const changes: unknown[] = []
  list.subscribe((change) => { changes.push(change) })
  clock.advance(2_500)
  t.ok(await isSoonByReads(path, () => changes.length > 0))
  t.match(changes, [{ type: 'changed', added: [{ dns: 'b' }] }])
  await list.close()
})

async function follow (path: string, clock: ManualClock, watcher: typeof watch): Promise<BlockFileList> {
  const signature = await readSignature([path])
  const list = new BlockFileList(path, await readBlockFile(path), clock)
  await list.follow(signature, { pollInterval: HOUR, events: true, watch: watcher })
  return list
}

test('blockMemory tells what came and went, and counts', async (t) => {
  const source = blockMemory([{ dns: 'a' }, { dns: 'b' }])
  const told: BlockChange[] = []
  const end = source.subscribe((change) => { told.push(change) })
  source.update([{ dns: 'B.' }, { dns: 'a' }, { dns: 'a' }])
  t.same([source.version, told], [1, []])
  source.update([{ dns: 'b' }, { dns: 'c', until: '2020-01-01' }])
  t.same(told, [{ type: 'changed', added: [{ dns: 'c', until: '2020-01-01T00:00:00.000Z' }], removed: [{ dns: 'a' }] }])
  t.same([source.version, source.ended, isBlocked(source, 'a'), isBlocked(source, 'b')], [2, 1, false, true])
  end()
  source.update([])
  t.equal(told.length, 1)
  t.equal(source.version, 3)
  await source.close()
  await source.close()
  t.throws(() => { source.update([]) }, { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
  t.doesNotThrow(source.subscribe(() => {}))
})

test('a listener that throws is warned of and breaks nobody', async (t) => {
  const source = blockMemory([])
  const warnings: string[] = []
  const seen = new Promise<void>((resolve) => {
    process.on('warning', function collect (warning: Error & { code?: string }) {
      if (warnings.push(`${warning.code} ${/first|second/.exec(warning.message)?.[0]}`) < 2) return
      process.off('warning', collect)
      resolve()
    })
  })
  source.subscribe(() => { throw new Error('first') })
  source.subscribe((async () => { throw new Error('second') }) as () => void)
  const changed = nextChange(source)
  source.update([{ dns: 'a' }])
  t.match(await changed, { type: 'changed' })
  await seen
  t.same(warnings.sort(), ['PEERKIT_LISTENER_FAILED first', 'PEERKIT_LISTENER_FAILED second'])
})

test('keeps no process alive, and leaves no handle when it is closed', async (t) => {
  const { folder, path } = await makeFolder(t, names('a'))
  const script = join(folder, 'program.mjs')
  const kinds = '/FSEvent|Timeout|FSReq|Immediate/'
  const handles = `process.getActiveResourcesInfo().filter((name) => ${kinds}.test(name)).length`
  await writeFile(script, `
    import { blockFile } from ${JSON.stringify(join(import.meta.dirname, '../src/block/block-file.ts'))}
    const before = ${handles}
    const first = await blockFile(${JSON.stringify(path)}, { pollInterval: 50 })
    await first.close()
    await new Promise((resolve) => { setImmediate(resolve) })
    console.log(${handles} - before)
    const second = await blockFile(${JSON.stringify(path)}, { pollInterval: 50 })
    console.log(second.version)`)
  const child = spawn(
    process.execPath, ['--conditions=@peerkit/source', script], { env: { ...process.env, NODE_OPTIONS: '' } }
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close')
  t.same({ code, output }, { code: 0, output: '0\n1\n' })
})
