// When files are looked at: the watchers and the clock do what the test says.
import { EventEmitter } from 'node:events'
import type { watch } from 'node:fs'
import { mkdir, realpath, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import type { Signature } from '../../src/watch/file-signature.ts'
import { PathWatch } from '../../src/watch/path-watch.ts'
import { isSoonByReads, makeFolder } from '../support/world.ts'

const POLL = 10_000

type FileState = Signature['files'] extends ReadonlyMap<string, infer State> ? State : never

class FakeWatcher extends EventEmitter {
  readonly folder: string
  readonly tell: (event: string, name: string) => void
  isOpen = true

  constructor (folder: string, tell: FakeWatcher['tell']) {
    super()
    this.folder = folder
    this.tell = tell
  }

  close (): void { this.isOpen = false }
}

interface World {
  readonly watching: PathWatch
  readonly path: string
  readonly clock: ManualClock
  readonly watchers: FakeWatcher[]
  readonly failures: string[]
  /** How often the files were looked at. */
  readonly checks: () => number
  /** What the next looks do. */
  next: () => Promise<void>
  /** Waits for looks. */
  look (count: number): Promise<boolean>
  /** The watchers in use of a folder. */
  open (folder?: string): FakeWatcher[]
}

/** A file `live/a`, of which `live` is a link to the folder `one`. */
async function start (t: Test): Promise<World> {
  // The folder of temporary files may be a link itself.
  const folder = await realpath((await makeFolder(t)).folder)
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'a'), name)
  }
  await symlink(join(folder, 'one'), join(folder, 'live'))
  const path = join(folder, 'live', 'a')
  const clock = new ManualClock()
  const watchers: FakeWatcher[] = []
  const failures: string[] = []
  let checks = 0
  const watching = new PathWatch([path], {
    schedule: (task, delay) => clock.schedule(task, delay),
    pollInterval: POLL,
    events: true,
    watch: ((at: string, _options: object, tell: FakeWatcher['tell']) => {
      const watcher = new FakeWatcher(at, tell)
      watchers.push(watcher)
      return watcher
    }) as unknown as typeof watch,
    onFailure: (message) => { failures.push(message) },
    check: async () => {
      checks++
      await world.next()
    },
    onError: () => {}
  })
  t.after(async () => { await watching.close() })
  const world: World = {
    watching,
    path,
    clock,
    watchers,
    failures,
    checks: () => checks,
    next: async () => {},
    look: async (count) => await isSoonByReads(path, () => checks === count),
    open: (at) => watchers.filter(({ isOpen, folder: own }) => isOpen && (at === undefined || own === at))
  }
  await watching.start()
  t.ok(await world.look(1), 'it looks at the start')
  return world
}

/** Lets everything happen that began before. */
async function settle ({ path }: World): Promise<void> {
  let reads = 0
  await isSoonByReads(path, () => reads++ > 200)
}

test('events during a look are followed by one look more', async (t) => {
  const world = await start(t)
  const { promise, resolve } = Promise.withResolvers<void>()
  world.next = async () => { await promise }
  world.watching.request()
  t.ok(await world.look(2))
  for (let events = 0; events < 3; events++) world.watching.request()
  await settle(world)
  t.equal(world.checks(), 2, 'looks do not overlap')
  resolve()
  t.ok(await world.look(3), 'none is lost')
  await settle(world)
  t.equal(world.checks(), 3, 'nor is there one for each')
})

test('a folder to which a link leads from now on is watched in place of the former', async (t) => {
  const world = await start(t)
  const folder = dirname(dirname(world.path))
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  t.equal(world.open(one).length, 1)
  await symlink(two, join(folder, 'next'))
  await rename(join(folder, 'next'), join(folder, 'live'))
  world.watching.request()
  t.ok(await world.look(2))
  t.same([world.open(one).length, world.open(two).length], [0, 1])
  world.open(two)[0]?.tell('rename', 'other')
  await settle(world)
  t.equal(world.checks(), 2, 'an entry of another name is none of ours')
  world.open(two)[0]?.tell('rename', 'a')
  t.ok(await world.look(3))
})

test('a watcher that fails is told of, and the files are looked at and watched again', async (t) => {
  const world = await start(t)
  const failed = world.watchers.at(-1) as FakeWatcher
  failed.emit('error', Object.assign(new Error('gone'), { code: 'EBADF' }))
  t.match(world.failures, [/^cannot watch .* \(EBADF\); polling it every 1000 ms instead$/])
  t.ok(await world.look(2))
  t.equal(failed.isOpen, false)
  t.equal(world.open(failed.folder).length, 1, 'by another watcher')
  const polls = world.clock.delays.at(-1)
  t.equal(polls, POLL, 'so that it polls as rarely as before')
})

test('after a look that failed the folders are watched again', async (t) => {
  const world = await start(t)
  const before = world.open()
  world.next = async () => { throw new Error('too many open files') }
  world.watching.request()
  t.ok(await world.look(2))
  world.next = async () => {}
  world.clock.advance(POLL)
  t.ok(await world.look(3), 'a poll looks again')
  t.ok(before.every(({ isOpen }) => !isOpen))
  t.equal(world.open().length, before.length)
})

test('files that changed a moment ago are looked at once more, and once only for each state', async (t) => {
  const world = await start(t)
  const { watching, path, clock } = world
  let looks = 0
  const lookAgain = (text: string, age = 0): void => {
    const state = { changed: Date.now() - age }
    watching.lookAgain([{ text, files: new Map([[path, state as FileState]]) }], () => { looks++ })
  }
  lookAgain('one')
  lookAgain('one')
  clock.advance(2_499)
  t.equal(looks, 0)
  clock.advance(1)
  t.equal(looks, 1)
  t.ok(await world.look(2))
  lookAgain('one')
  clock.advance(2_500)
  t.equal(looks, 1, 'a clock of the file system that is ahead makes no circle')
  lookAgain('two', 10_000)
  clock.advance(2_500)
  t.equal(looks, 1, 'times tell all about a change that long ago')
  lookAgain('three')
  clock.advance(2_500)
  t.equal(looks, 2, 'another state')
  await watching.close()
  lookAgain('four')
  clock.advance(2_500)
  t.equal(looks, 2, 'it is closed')
})
