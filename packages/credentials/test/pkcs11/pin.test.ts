import { existsSync, fstatSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import { test } from 'tap'
import { openUnlinked, withPinSource } from '../../src/pkcs11/pin-source.ts'
import { rememberRefusedPin, wasPinRefused } from '../../src/pkcs11/refused-pins.ts'
import { usePin } from '../../src/pkcs11/use-pin.ts'
import { SYSTEM_CLOCK } from '../../src/clock.ts'

test('the PIN is in a file without a name, while it is needed', async (t) => {
  const pin = Buffer.from('S3cret')
  let path = ''
  const result = withPinSource(pin, (source) => {
    t.match(source, /^file:\/(?:proc\/self|dev)\/fd\/\d+$/)
    path = source.slice('file:'.length)
    const file = Number(path.split('/').at(-1))
    t.equal(fstatSync(file).nlink, 0, 'nobody finds it')
    t.equal(fstatSync(file).mode & 0o777, 0o600)
    // The engine reads it twice.
    t.same([readFileSync(path, 'utf8'), readFileSync(path, 'utf8')], ['S3cret', 'S3cret'])
    return 'done'
  })
  t.equal(result, 'done')
  t.notOk(existsSync(path), 'it is closed')
})

test('the file is closed after an error', async (t) => {
  let path = ''
  const use = (source: string): never => {
    path = source.slice('file:'.length)
    throw new Error('no token')
  }
  t.throws(() => withPinSource(Buffer.from('1234'), use), { message: 'no token' })
  t.notOk(existsSync(path))
})

test('where every file has a name, it loses it before the PIN is written', async (t) => {
  const folder = t.testdir({})
  const file = openUnlinked(folder)
  t.same(readdirSync(folder), [])
  t.equal(fstatSync(file).nlink, 0)
  t.equal(fstatSync(file).mode & 0o777, 0o600)
  writeSync(file, '1234', 0)
  t.equal(fstatSync(file).size, 4)
})

test('a refused PIN is remembered for its token', async (t) => {
  const [wrong, other] = [Buffer.from('1234'), Buffer.from('4321')]
  t.notOk(wasPinRefused('token=a', wrong))
  rememberRefusedPin('token=a', wrong)
  t.ok(wasPinRefused('token=a', wrong))
  t.notOk(wasPinRefused('token=a', other))
  t.notOk(wasPinRefused('token=b', wrong))
  rememberRefusedPin('token=a', other)
  t.ok(wasPinRefused('token=a', wrong), 'two wrong ones by turns are still two')
})

test('the PIN is wiped once it was used, also after an error, and the one that was given is not', async (t) => {
  const given = Buffer.from('S3cret')
  const key = { module: '/lib/none.so', pkcs11: 'pkcs11:token=wiped;object=key', pin: () => given }
  const limits = { clock: SYSTEM_CLOCK, timeout: 1_000, signal: new AbortController().signal }
  const used: Buffer[] = []
  const use = (pin: Buffer): string => {
    used.push(pin)
    t.equal(String(pin), 'S3cret')
    if (used.length > 1) throw new Error('no token')
    return 'done'
  }
  t.equal(await usePin(key, 'key', limits, { use, isRefused: () => false }), 'done')
  await t.rejects(usePin(key, 'key', limits, { use, isRefused: () => false }), { message: 'no token' })
  t.same(used, [Buffer.alloc(6), Buffer.alloc(6)])
  t.equal(String(given), 'S3cret')
})
