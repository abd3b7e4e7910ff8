import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import { PassThrough } from 'node:stream'
import { isSoon } from '@peerkit/test-support/turns'
import { test } from 'tap'
import { UpgradedSockets, upgradedSocketsOf } from '../../src/internal/index.ts'

test('every open socket is checked time and again, and what cannot be checked is closed', async (t) => {
  const sockets = new UpgradedSockets()
  // The timers under test keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(alive) })
  const checked: Record<string, number> = {}
  const follow = (name: string, answer: (turn: number) => boolean | Promise<boolean>): PassThrough => {
    const socket = new PassThrough()
    sockets.addCheck(socket, { by: t, isAllowed: () => answer(checked[name] = (checked[name] ?? 0) + 1), wait: () => 1 })
    return socket
  }
  // Both are allowed three times.
  const good = follow('good', (turn) => turn <= 3)
  const later = follow('later', async (turn) => turn <= 3)
  const closed = [follow('bad', async () => false), follow('broken', () => { throw new Error('x') }), follow('failing', async () => { throw new Error('x') })]
  const left = follow('left', () => true).destroy()
  sockets.addCheck(new PassThrough().destroy(), { by: t, isAllowed: () => { throw new Error('nobody is there') }, wait: () => 0 })
  t.ok(await isSoon(() => [good, later, ...closed, left].every((socket) => socket.closed)))
  t.same(checked, { good: 4, later: 4, bad: 1, broken: 1, failing: 1 })
  t.equal(sockets.size, 0)
})

test('a review makes the checks of one plugin, at once, and one no is enough', (t) => {
  const sockets = new UpgradedSockets()
  const [mine, yours, socket, other] = [{}, {}, new PassThrough(), new PassThrough()]
  let mayStay = true
  const asked: string[] = []
  const check = (by: object, name: string, answer: () => boolean): ReturnType<UpgradedSockets['addCheck']> =>
    sockets.addCheck(name === 'other' ? other : socket, { by, isAllowed: () => { asked.push(name); return answer() } })
  check(mine, 'mine', () => true)
  check(yours, 'yours', () => mayStay)
  check(yours, 'other', () => true)
  const removed = check(yours, 'removed', () => false)
  removed.remove()
  removed.arm()
  sockets.review(mine)
  sockets.review(yours)
  t.same(asked, ['mine', 'yours', 'other'])
  t.same([socket.destroyed, other.destroyed, sockets.size], [false, false, 2])
  mayStay = false
  sockets.review(yours)
  t.same([socket.destroyed, other.destroyed], [true, false])
  check(mine, 'other', () => true).close()
  t.ok(other.destroyed)
  t.end()
})

test('an answer that comes after its check was removed closes nothing', async (t) => {
  const sockets = new UpgradedSockets()
  const socket = new PassThrough()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const added = sockets.addCheck(socket, { by: t, isAllowed: async () => await promise })
  sockets.review(t)
  added.remove()
  resolve(false)
  await new Promise(setImmediate)
  t.notOk(socket.destroyed)
})

test('waits of months and of odd lengths are in steps, and what changed is asked for again', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const sockets = new UpgradedSockets()
  let [left, asked] = [Infinity, 0]
  const added = sockets.addCheck(new PassThrough(), { by: t, isAllowed: () => { asked++; return true }, wait: () => left })
  mock.timers.tick(0x7fff_ffff)
  t.equal(asked, 1, 'the longest timer')
  left = 25_300
  added.arm()
  mock.timers.tick(19_999)
  t.equal(asked, 1)
  mock.timers.tick(1)
  t.equal(asked, 2)
  left = 7
  added.arm()
  mock.timers.tick(7)
  t.equal(asked, 3)
  t.end()
})

test('a server has one registry, and closing it closes what is left', (t) => {
  const closed: unknown[] = []
  const server = Object.assign(new EventEmitter(), { close (...args: unknown[]) { closed.push(this, ...args); return 'closed' } })
  const sockets = upgradedSocketsOf(server)
  t.equal(upgradedSocketsOf(server), sockets)
  const own = new UpgradedSockets()
  t.equal(upgradedSocketsOf({ close () {} }, own), own)
  const [plain, checked, late] = [new PassThrough(), new PassThrough(), new PassThrough()]
  sockets.add(plain)
  sockets.add(plain)
  sockets.addCheck(checked, { by: t, isAllowed: () => true })
  t.equal(sockets.size, 2)
  t.equal(server.close('x'), 'closed')
  t.same(closed, [server, 'x'])
  sockets.add(late)
  t.same([plain, checked, late].map(({ destroyed }) => destroyed), [true, true, true])
  t.end()
})
