import { test } from 'tap'
import { ExceptionLog } from '../src/log/app-log.ts'

const UNTIL = '2027-03-15'

test('each client is told once, and the end of the lines is a line too', (t) => {
  const lines: Array<{ readonly fields: any, readonly text: string }> = []
  const log = new ExceptionLog({ info: () => {}, warn: (fields, text) => { lines.push({ fields, text }) } }, 'accepted until acceptUntil', 'more are not logged')
  const write = (number: number): void => { log.write({ fingerprint256: `${number}`, authority: 'public', toString: () => `CN=${number}` } as never, { acceptUntil: UNTIL }) }
  for (let number = 0; number < 999; number++) write(number)
  for (let number = 0; number < 999; number++) write(number)
  t.equal(lines.length, 999)
  t.match(lines[0], { fields: { peer: 'CN=0', fingerprint256: '0', authority: 'public', acceptUntil: '2027-03-15' }, text: 'accepted until acceptUntil' })
  for (const number of [999, 1_000, 1_001]) write(number)
  t.match(lines.slice(999), [
    { fields: { peer: 'CN=999' } },
    { fields: { logged: 1_000 }, text: 'more are not logged' }
  ])
  t.equal(lines.length, 1_001)
  t.end()
})
