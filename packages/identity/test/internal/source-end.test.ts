import { test } from 'tap'
import { announceSourceEnd, closeSource, whenSourceCloses } from '../../src/internal/index.ts'

test('who uses a source learns once that it was closed, and by what', async (t) => {
  const told: Array<string | undefined> = []
  const source = { close: async () => { announceSourceEnd(source) } }
  whenSourceCloses(source, (by) => { told.push(by) })
  whenSourceCloses(source, () => { told.push('left') })()
  await closeSource(source, 'an option')
  await source.close()
  t.strictSame(told, ['an option'])
  announceSourceEnd({})
  const other = { close: async () => { announceSourceEnd(other) } }
  whenSourceCloses(other, (by) => { told.push(by) })
  await other.close()
  t.strictSame(told, ['an option', undefined])
})
