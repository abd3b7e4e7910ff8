import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { test } from 'tap'
import { FileUnreadableError, readBounded } from '../../src/internal/index.ts'

const folder = await mkdtemp(join(tmpdir(), 'peerkit-bounded-'))
t.teardown(async () => { await rm(folder, { recursive: true }) })

test('a regular file within the limit is read whole', async (t) => {
  const path = join(folder, 'whole')
  await writeFile(path, 'x'.repeat(3_000_000))
  t.equal((await readBounded(path, { maxBytes: 3_000_000 })).toString('latin1'), 'x'.repeat(3_000_000))
  await t.rejects(readBounded(path, { maxBytes: 2_999_999 }), {
    reason: 'too_large', message: 'found 3000000 bytes (at most 2999999)'
  })
})

test('what is no regular file is not read, and nobody waits for it', async (t) => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const loop = join(folder, 'loop')
  await symlink(loop, loop)
  for (const [path, found, reason] of [
    [pipe, 'something that is not a regular file', 'not_regular'],
    ['/dev/zero', 'something that is not a regular file', 'not_regular'],
    [folder, 'a directory', 'not_regular'],
    [loop, 'a loop of symbolic links', 'system'],
    [join(folder, 'none'), 'no such file', 'system'],
    [join(pipe, 'below'), 'a file instead of a folder in the path', 'system']
  ] as const) {
    const error = await readBounded(path, { maxBytes: 1 }).catch((error: unknown) => error)
    t.ok(error instanceof FileUnreadableError)
    t.match(error, { found, reason, message: `found ${found}` })
  }
  await t.rejects(readBounded('\0', { maxBytes: 1 }), { message: 'found ERR_INVALID_ARG_VALUE' })
})

test('a file system that does not answer is given up, and asked again only after it has answered', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(alive) })
  const path = join(folder, 'hung')
  await writeFile(path, 'back')
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  const hung = { maxBytes: 9, timeout: 1, read: async () => await promise }
  await t.rejects(readBounded(path, hung), {
    reason: 'timeout', message: 'found a file system that does not answer within 1 ms'
  })
  await t.rejects(readBounded(path, { maxBytes: 9 }), {
    reason: 'timeout', message: 'found a file system that does not answer'
  })
  resolve(Buffer.alloc(0))
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(String(await readBounded(path, { maxBytes: 9 })), 'back')
})

test('nobody waits after the signal', async (t) => {
  const controller = new AbortController()
  const read = async (): Promise<Buffer> => {
    queueMicrotask(() => { controller.abort(new Error('closed')) })
    return await new Promise(() => {})
  }
  await t.rejects(readBounded('hung', { maxBytes: 9, read, signal: controller.signal }), { message: 'closed' })
})
