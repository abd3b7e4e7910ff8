import { existsSync, fstatSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import { test } from 'tap'
import { openUnlinked, withPinSource } from '../../src/pkcs11/pin-source.ts'
import { rememberRefusedPin, wasPinRefused } from '../../src/pkcs11/refused-pins.ts'

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
