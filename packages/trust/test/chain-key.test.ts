import { test } from 'tap'
import { chainKey } from '../src/path-validator/path-validator.ts'

test('every cut of the same octets has a key of its own', async (t) => {
  const [one, two] = [Buffer.from([1, 2]), Buffer.from([3])]
  const keys = [
    chainKey(one, [two]), chainKey(two, [one]), chainKey(Buffer.concat([one, two]), []),
    chainKey(Buffer.concat([one, Buffer.alloc(4), two]), []), chainKey(one, []), chainKey(one, [two, two]),
    chainKey(one, [Buffer.concat([two, Buffer.alloc(4), two])]), chainKey(one, [two, Buffer.alloc(0)])
  ]
  t.equal(new Set(keys).size, keys.length)
  t.equal(chainKey(new Uint8Array(one), [new Uint8Array(two)]), keys[0])
})
