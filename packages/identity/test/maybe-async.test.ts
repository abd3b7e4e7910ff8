import vm from 'node:vm'
import { test } from 'tap'
import { isThenable, whenAllSettled, whenAnswered, whenSettled } from '../src/internal/index.ts'

/** A promise of another realm: `instanceof Promise` is false. */
function foreign<Value> (value: Value): Promise<Value> {
  return vm.runInNewContext('async (value) => value')(value) as Promise<Value>
}

test('what `await` waits for is awaited, and nothing else', async (t) => {
  t.notOk(foreign(1) instanceof Promise)
  for (const value of [Promise.resolve(), foreign(1), { then () {} }, Object.assign(() => {}, { then () {} })]) t.ok(isThenable(value))
  for (const value of [undefined, null, 0, 'then', true, {}, [], { then: 1 }, () => {}]) t.notOk(isThenable(value), String(value))
})

test('a value that is there is passed on at once', async (t) => {
  t.equal(whenSettled(1, (value) => value + 1), 2)
  t.equal(whenSettled(1, (value) => value + 1, () => 0), 2)
  t.equal(whenAnswered(() => 1, (value) => value + 1, () => 0), 2)
  t.equal(whenAllSettled([1, 2], ([one, two]) => one! + two!), 3)
})

test('a promised value is awaited, whoever promises it', async (t) => {
  const bare = { then: (resolve: (value: number) => void) => { resolve(1) } } as PromiseLike<number>
  for (const promised of [Promise.resolve(1), foreign(1), bare]) {
    for (const result of [
      whenSettled(promised, (value) => value + 1),
      whenAnswered(() => promised, (value) => value + 1, () => 0),
      whenAllSettled([1, promised], ([one, two]) => one! + two!)
    ]) {
      t.ok(result instanceof Promise, 'a native promise')
      t.equal(await result, 2)
    }
  }
})

test('what the next step promises is a native promise too', async (t) => {
  for (const result of [whenSettled(1, () => foreign(2)), whenAllSettled([1], () => foreign(2))]) {
    t.ok(result instanceof Promise)
    t.equal(await result, 2)
  }
})

test('every way to fail ends in one place', async (t) => {
  const error = new Error('x')
  const fail = (): never => { throw error }
  const caught = (found: unknown): unknown => found
  t.equal(whenSettled(1, fail, caught), error)
  t.equal(whenAnswered(fail, String, caught as (found: unknown) => string), error)
  t.equal(whenAnswered(() => ({ get then () { return fail() } }) as PromiseLike<number>, String, caught as (found: unknown) => string), error)
  t.equal(await whenSettled(Promise.reject(error), () => 1, caught as () => number), error)
  t.equal(await whenSettled(foreign(1), fail, caught), error)
  t.equal(await whenAnswered(() => Promise.reject(error), () => 1, caught as () => number), error)
  t.throws(() => whenSettled(1, fail), error)
  await t.rejects(whenSettled(foreign(1), fail) as Promise<never>, error)
})
