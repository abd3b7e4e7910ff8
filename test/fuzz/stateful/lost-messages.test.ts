// What the fuzzer finds if servers do not hear of changes. A file of its own, since each file has a time limit.
import { test } from 'tap'
import { searchInProcess } from '../sequences/batches.ts'
import type { SearchOptions } from '../sequences/search.ts'

for (const lost of ['trust', 'block'] as const) {
  test(`a server that does not hear of a change of "${lost}" is found, and the finding is repeated`, async (t) => {
    const options: SearchOptions = { seed: 1, runs: 200, lost }
    const { finding = '' } = await searchInProcess('stateful', options)
    // A server that does not hear of its own new certificate presents the old one.
    t.match(finding, /must be (refused|served), and |was described as of |was answered by a server with /)
    const [, seed, path = '', replayPath = ''] = /--seed (\d+) --path (\S+) --replay-path (\S+)$/.exec(finding) ?? []
    const again = await searchInProcess('stateful', { ...options, seed: Number(seed), path, replayPath })
    t.equal(scriptOf(again.finding), scriptOf(finding))
    t.not(scriptOf(finding), undefined)
  })
}

/** The steps of a finding, which the stack of its error does not concern. */
function scriptOf (finding: string | undefined): string | undefined {
  return finding?.match(/^ {2}\d+\. .*$/gm)?.join('\n')
}
