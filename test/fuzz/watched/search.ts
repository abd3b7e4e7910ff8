import { drawWatched } from '../disk/draw.ts'
import { DiskState } from '../disk/state.ts'
import { LONGEST, playSequences } from '../sequences/search.ts'
import type { OnStep, SearchOptions, SearchResult } from '../sequences/search.ts'

/** Like the fuzzer of files, with a server that follows its files. */
export async function search (options: SearchOptions, onStep?: OnStep): Promise<SearchResult> {
  return await playSequences({
    name: 'watched',
    options,
    commands: drawWatched(LONGEST, options.replayPath),
    makeState: () => new DiskState(true),
    onStep
  })
}
