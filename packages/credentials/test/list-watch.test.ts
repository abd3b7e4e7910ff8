import type { RevocationChecker } from '@peerkit/revocation'
import { test } from 'tap'
import { ListWatch, blockMemory } from '../src/index.ts'
import type { TrustSnapshot } from '../src/index.ts'

/** A checker of which only the listeners are known. */
class Followed {
  readonly listeners = new Set<() => void>()
  subscribe (listener: () => void): () => void {
    this.listeners.add(listener)
    return () => { this.listeners.delete(listener) }
  }
}

const snapshotOf = (checkers: ReadonlyArray<readonly [Followed, 'clients' | 'servers' | 'both']>): TrustSnapshot => ({
  authorities: checkers.map(([revocation, use]) => ({ revocation, for: use, options: {} }))
}) as unknown as TrustSnapshot

test('the checkers in use are listened to once each; those of a former snapshot, and of the other side, are not', (t) => {
  const [stays, goes, comes, servers, own] = [new Followed(), new Followed(), new Followed(), new Followed(), new Followed()]
  const source = { current: snapshotOf([[stays, 'both'], [goes, 'clients'], [servers, 'servers']]) }
  const block = blockMemory([])
  let moved = 0
  const watch = new ListWatch(source, 'clients', { revocation: own as unknown as RevocationChecker, block }, () => { moved += 1 })
  const counts = (): number[] => [stays, goes, comes, servers, own].map(({ listeners }) => listeners.size)
  watch.start()
  t.strictSame(counts(), [1, 1, 0, 0, 1])
  source.current = snapshotOf([[stays, 'both'], [comes, 'clients'], [servers, 'servers']])
  watch.follow()
  watch.follow()
  t.strictSame(counts(), [1, 0, 1, 0, 1])
  for (const { listeners } of [stays, comes, own]) for (const listener of listeners) listener()
  block.update([{ name: 'CN=x' }])
  t.equal(moved, 4)
  watch.stop()
  t.strictSame(counts(), [0, 0, 0, 0, 0])
  block.update([])
  t.equal(moved, 4)
  t.end()
})
