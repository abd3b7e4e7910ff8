import { EventEmitter } from 'node:events'
import { createLedger } from '@peerkit/test-support/ledger'
import { test } from 'tap'
import { ConnectionManager } from '../src/pools/connection-manager.ts'
import { OriginPolicies } from '../src/pools/origin-policy.ts'

const { credentials } = await createLedger()

test('of more than a thousand origins, the one that was called first closes its connections', async (t) => {
  const options = { credentials, allowedServers: [{ cn: 'ledger' }] }
  const manager = new ConnectionManager(options, {}, new Set([credentials]), new EventEmitter())
  const policies = new OriginPolicies(options)
  const originOf = (index: number): string => `https://service-${index}.example`
  const pools = Array.from({ length: 1_002 }, (_, index) => manager.find(policies.find(originOf(index))))
  t.strictSame(pools.map((pool, index) => manager.peek(originOf(index)) === pool), pools.map((_, index) => index >= 2))
  t.strictSame(pools.slice(0, 3).map(({ isRetired, isStale }) => [isRetired, isStale]), [
    [true, false], [true, false], [false, false]
  ], 'they finish the requests that were accepted')
  await manager.close()
})
