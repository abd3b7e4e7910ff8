import { test } from 'tap'
import { searchInProcess } from './batches.ts'

test('a process that dies is a finding, with what it said last', async (t) => {
  const { finding } = await searchInProcess('nowhere' as 'disk', { seed: 7, runs: 1 })
  t.match(finding, /^Error: the process of the sequences ended with code 1\nsequence 0, in or after the step: the start/)
  t.match(finding, /its last words: .*Cannot find module '.*nowhere\/search\.ts'/)
  t.match(finding, /repeat it: .* --seed 7$/)
})
