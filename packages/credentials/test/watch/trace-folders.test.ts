import { execFile } from 'node:child_process'
import { EventEmitter } from 'node:events'
import type { FSWatcher } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { traceFolders, watchFolders } from '../../src/watch/watch-folders.ts'

test('names each folder that decides what a path means, links followed', async (t) => {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'peerkit-trace-')))
  t.after(async () => { await rm(base, { recursive: true }) })
  await mkdir(join(base, 'real/deep'), { recursive: true })
  await mkdir(join(base, 'volume/..v1'), { recursive: true })
  await writeFile(join(base, 'real/deep/file'), '')
  await writeFile(join(base, 'volume/..v1/tls.crt'), '')
  await symlink('..v1', join(base, 'volume/..data'))
  await symlink('..data/tls.crt', join(base, 'volume/tls.crt'))
  await symlink(join(base, 'real'), join(base, 'absolute'))
  await symlink('../volume/../real/./deep', join(base, 'real/sideways'))
  await symlink('round', join(base, 'round'))

  t.same(await decisive(join(base, 'real/deep/file')), { 'real/deep': ['file'] })
  t.same(await decisive(join(base, 'volume/tls.crt')), { volume: ['..data', '..v1', 'tls.crt'], 'volume/..v1': ['tls.crt'] })
  t.same(await decisive(join(base, 'absolute/deep/file')), { '.': ['absolute', 'real'], 'real/deep': ['file'] })
  t.same(await decisive(join(base, 'real/sideways/file')), { real: ['deep', 'sideways'], 'real/deep': ['file'] })
  t.same(await decisive(join(base, 'gone/deep/file')), { '.': ['gone'] }, 'watched for its coming')
  t.same(await decisive(join(base, 'real/deep/file/below')), { 'real/deep': ['file'], 'real/deep/file': ['below'] })
  t.same(await decisive(join(base, 'round')), { '.': ['round'] }, 'a circle ends')
  const all = await traceFolders(join(base, 'real/deep/file'))
  t.match(all.get('/'), { decisive: false })
  t.same([...all.get(join(base, 'real'))?.names ?? []], ['deep'])
  t.match(all.get(join(base, 'real/deep/file')), { decisive: false }, 'the file itself')

  async function decisive (path: string): Promise<Record<string, string[]>> {
    const traced = [...await traceFolders(path)].filter(([, folder]) => folder.decisive)
    return Object.fromEntries(traced.map(([folder, { names }]) => [folder === base ? '.' : folder.slice(base.length + 1), [...names].sort()]))
  }
})

test("passes through the folders that Node's permission model hides, down to those that it grants", async (t) => {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'peerkit-trace-')))
  t.after(async () => { await rm(base, { recursive: true }) })
  await writeFile(join(base, 'file'), '')
  const { NODE_V8_COVERAGE: coverage } = process.env
  const granted = [`--allow-fs-read=${base}`, `--allow-fs-read=${resolve(import.meta.dirname, '../..')}`, ...coverage === undefined ? [] : [`--allow-fs-write=${coverage}`]]
  const code = `const { traceFolders } = await import(${JSON.stringify(new URL('../../src/watch/watch-folders.ts', import.meta.url).href)})
    const traced = [...await traceFolders(${JSON.stringify(join(base, 'file'))})]
    console.log(JSON.stringify(traced.filter(([, { decisive }]) => decisive).map(([folder]) => folder)))`
  // Without what tap preloads, which the child may not read.
  const program = ['-u', 'NODE_OPTIONS', process.execPath, '--permission', ...granted, '--no-warnings', '--input-type=module', '-e', code]
  const { stdout } = await promisify(execFile)('/usr/bin/env', program)
  t.same(JSON.parse(stdout), [base], 'and / is not said to miss the next name')
})

test('folders that are watched again are watched once, and none is after close()', async (t) => {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'peerkit-trace-')))
  t.after(async () => { await rm(base, { recursive: true }) })
  await writeFile(join(base, 'file'), '')
  const open: string[] = []
  const watch = (folder: string): FSWatcher => {
    open.push(folder)
    return Object.assign(new EventEmitter(), { close: () => { open.splice(open.indexOf(folder), 1) } }) as never
  }
  const watched = watchFolders([join(base, 'file')], { watch: watch as never, onEvent: () => {}, onFailure: () => {} })
  await watched.rearm()
  const once = open.toSorted()
  t.ok(once.includes(base))
  for (let turn = 0; turn < 3; turn += 1) await watched.rearm()
  t.same(open.toSorted(), once)
  watched.close()
  t.same(open, [])
  await watched.rearm()
  t.same(open, [])
})
