import type { Test } from 'tap'
import { packing } from '../src/rule-collector.ts'

/** Packs rules from another number of values on, until the test has ended. */
export function packFrom (t: Test, from: number): void {
  const before = packing.from
  packing.from = from
  t.teardown(() => { packing.from = before })
}
