import { LONGEST, playSequences } from '../sequences/search.ts'
import type { OnStep, SearchOptions, SearchResult } from '../sequences/search.ts'
import { drawCommands } from './draw.ts'
import { DiskState } from './state.ts'

/** Plays sequences of changes of files to a server until it does other than the model says. */
export async function search (options: SearchOptions, onStep?: OnStep): Promise<SearchResult> {
  return await playSequences({
    name: 'disk', options, commands: drawCommands(LONGEST, options.replayPath), makeState: () => new DiskState(), onStep
  })
}
