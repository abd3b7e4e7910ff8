import { hasHostBits } from '@peerkit/identity/internal'
import { parseIpAddress } from '@peerkit/identity/x509'
import { test } from 'tap'

test('the first address of a range has no bits behind the prefix, and every other one has', async (t) => {
  for (const [address, bits, expected] of [
    ['10.0.0.0', 8, false],
    ['10.0.0.1', 8, true],
    ['10.128.0.0', 8, true],
    ['10.128.0.0', 9, false],
    ['10.0.0.1', 32, false],
    ['0.0.0.0', 0, false],
    ['128.0.0.0', 0, true],
    ['2001:db8::', 32, false],
    ['2001:db8:8000::', 32, true],
    ['2001:db8::1', 127, true],
    ['2001:db8::1', 128, false]
  ] as const) {
    t.equal(hasHostBits(parseIpAddress(address), bits), expected, `${address}/${bits}`)
  }
})
