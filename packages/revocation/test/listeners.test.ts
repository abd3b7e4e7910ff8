import { once } from 'node:events'
import { test } from 'tap'
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
