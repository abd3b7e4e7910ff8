import { test } from 'tap'
import { createPartialIdentity } from '@peerkit/identity'
import { blockMemory } from '../src/block/block-memory.ts'
import { readBlockOption } from '../src/block/block-option.ts'
import type { BlockFunction } from '../src/block/block-option.ts'

const peer = createPartialIdentity({ subject: 'CN=web' })

const ANSWERS: Readonly<Record<string, { judge: (...given: never[]) => unknown, blocked: object | undefined }>> = {
  undefined: { judge: () => undefined, blocked: undefined },
  false: { judge: () => false, blocked: undefined },
  true: { judge: () => true, blocked: { entry: 'the function', reason: undefined } },
  'a reason': { judge: () => 'stolen', blocked: { entry: 'the function', reason: 'stolen' } },
  'an empty reason': { judge: () => '', blocked: { entry: 'the function', reason: undefined } },
  'an error': {
    judge: () => { throw new Error('no database') }, blocked: { entry: 'the function failed', reason: 'no database' }
  },
  'an odd error': {
    judge: () => { throw Object.create(null) }, blocked: { entry: 'the function failed', reason: 'it threw an object' }
  },
  'an error without a readable message': {
    judge: () => { throw Object.defineProperty(new Error(), 'message', { get: () => { throw new TypeError('no') } }) },
    blocked: { entry: 'the function failed', reason: 'an error that cannot be read' }
  },
  'a promise': {
    judge: async () => false,
    blocked: {
      entry: 'the function failed', reason: 'it returned a promise; expected true, false, undefined or a reason'
    }
  },
  'a promise that fails': {
    judge: async () => { throw new Error('later') },
    blocked: { entry: 'the function failed', reason: /it returned a promise/ }
  },
  null: { judge: () => null, blocked: { entry: 'the function failed', reason: /it returned null; expected/ } },
  'a number': { judge: () => 0, blocked: { entry: 'the function failed', reason: /it returned 0; expected/ } },
  'a symbol': {
    judge: () => Symbol('x'), blocked: { entry: 'the function failed', reason: /it returned Symbol\(x\); expected/ }
  },
  'an object': { judge: () => ({}), blocked: { entry: 'the function failed', reason: /it returned an object; expected/ } }
}

for (const [what, { judge, blocked }] of Object.entries(ANSWERS)) {
  test(`a function that gives ${what}`, async (t) => {
    const list = readBlockOption(judge, 'block')
    t.match(list.find(peer), blocked as object)
    t.equal(list.find(peer) === undefined, blocked === undefined)
    t.equal(list.version, 1)
  })
}

test('a function is given the certificate', async (t) => {
  const judge: BlockFunction = (certificate) => certificate === peer && 'it is the one'
  t.match(readBlockOption(judge, 'block').find(peer), { reason: 'it is the one' })
})

test('a list is taken as it is', async (t) => {
  const memory = blockMemory([])
  t.equal(readBlockOption(memory, 'block'), memory)
  const own = { version: 7, find: () => undefined }
  t.equal(readBlockOption(own, 'block'), own)
})

test('anything else is refused, naming the option', async (t) => {
  const wrong = (option: unknown, message: RegExp): void => {
    t.throws(() => readBlockOption(option, 'mtls.block'), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message })
  }
  wrong(
    undefined,
    /block: expected blockFile\(\), blockMemory\(\), an object with find\(\) and version or a function; found nothing$/
  )
  wrong(null, /found null$/)
  wrong('/etc/block.yaml', /found "\/etc\/block\.yaml"$/)
  wrong([{ dns: 'a' }], /found an array \(blockMemory\(\) takes an array\)$/)
  wrong(Promise.resolve(), /found a promise: await blockFile\(\)$/)
  wrong({ find: () => undefined }, /found an object whose version is nothing$/)
  wrong({ version: 1 }, /found an object$/)
})
