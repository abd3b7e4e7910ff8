import t, { test } from 'tap'
import { EventEmitter, once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { watchFile } from '../src/watch-file.ts'

const folder = await mkdtemp(join(tmpdir(), 'peerkit-watch-'))
t.teardown(async () => { await rm(folder, { recursive: true }) })

// A watch does not keep the process running; something must while a test waits.
const running = createServer().listen(0)
t.teardown(() => { running.close() })

test('sees a file whose directory comes, goes and comes again', async (t) => {
  const directory = join(folder, 'later')
  const file = join(directory, 'rules.json')
  const signs = new EventEmitter()
  const watch = watchFile(file, { pollInterval: 20, debounce: 1 }, async () => signs.emit('changed'))
  t.teardown(() => { watch.close() })
  // The first look, which tells that there is nothing.
  await once(signs, 'changed')
  let changed = once(signs, 'changed')
  await mkdir(directory)
  await writeFile(file, 'a')
  await changed
  changed = once(signs, 'changed')
  await rename(directory, join(folder, 'gone'))
  await changed
  changed = once(signs, 'changed')
  await mkdir(directory)
  await writeFile(file, 'b')
  await t.resolves(changed)
})

test('other files of the directory are no reason to read', async (t) => {
  const file = join(folder, 'quiet.json')
  await writeFile(file, 'a')
  const signs = new EventEmitter()
  let count = 0
  const watch = watchFile(file, { pollInterval: 20, debounce: 1 }, async () => {
    count++
    return signs.emit('changed')
  })
  t.teardown(() => { watch.close() })
  await once(signs, 'changed')
  const other = watchFile(join(folder, 'other.json'), { pollInterval: 20, debounce: 1 }, async () => signs.emit('other'))
  t.teardown(() => { other.close() })
  for (const text of ['1', '22', '333']) {
    const seen = once(signs, 'other')
    await writeFile(join(folder, 'other.json'), text)
    await seen
  }
  t.equal(count, 1)
})

test('says nothing after it was closed', async (t) => {
  const file = join(folder, 'closed.json')
  await writeFile(file, 'a')
  let count = 0
  const watch = watchFile(file, { pollInterval: 20, debounce: 1 }, async () => ++count > 0)
  watch.close()
  const signs = new EventEmitter()
  const other = watchFile(file, { pollInterval: 20, debounce: 1 }, async () => signs.emit('changed'))
  t.teardown(() => { other.close() })
  await once(signs, 'changed')
  t.equal(count, 0)
})

test('asks again where the file could not be read, though nothing changed', async (t) => {
  const file = join(folder, 'again.json')
  await writeFile(file, 'a')
  const signs = new EventEmitter()
  const answers = [async () => false, async () => { throw new Error('x') }, async () => true]
  const enough = once(signs, 'enough')
  let count = 0
  const watch = watchFile(file, { pollInterval: 5, debounce: 1 }, async () => {
    const answer = answers[count++]
    if (count === answers.length) signs.emit('enough')
    return await answer?.() === true
  })
  t.teardown(() => { watch.close() })
  await enough
  t.equal(count, 3)
})
