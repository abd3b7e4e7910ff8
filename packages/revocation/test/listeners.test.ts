import { once } from 'node:events'
import { test } from 'tap'
import { combineCheckers } from '../src/index.ts'
import type { RevocationChecker } from '../src/index.ts'
import { Epoch } from '../src/policy/checker-events.ts'

test('a listener that throws anything is warned about, and does not keep the others from being called', async (t) => {
  const epoch = new Epoch()
  const unreadable = Object.defineProperty(new Error('x'), 'message', { get: () => { throw new TypeError('hidden') } })
  for (const [thrown, message] of [
    [new Error('mistaken'), 'A listener of a revocation checker failed: mistaken'],
    [unreadable, 'A listener of a revocation checker failed: an error that cannot be read']
  ] as const) {
    const warned = once(process, 'warning')
    const end = epoch.subscribe(() => { throw thrown })
    let calls = 0
    const endOther = epoch.subscribe(() => { calls++ })
    epoch.move()
    t.equal(calls, 1)
    t.match((await warned)[0], { code: 'MTLS_WARN_REVOCATION_LISTENER', message })
    end()
    endOther()
  }
})

test('who leaves a combined checker leaves each of its members', (t) => {
  const epochs = [new Epoch(), new Epoch(), new Epoch()]
  const checker = combineCheckers(epochs.map((epoch) => ({ subscribe: (listener: () => void) => epoch.subscribe(listener) }) as RevocationChecker))
  let calls = 0
  const end = checker.subscribe(() => { calls += 1 })
  for (const epoch of epochs) epoch.move()
  t.equal(calls, 3)
  end()
  for (const epoch of epochs) epoch.move()
  t.equal(calls, 3)
  t.end()
})
