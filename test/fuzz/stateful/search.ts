import { LONGEST, playSequences } from '../sequences/search.ts'
import type { OnStep, SearchOptions, SearchResult } from '../sequences/search.ts'
import { drawCommands } from './draw.ts'
import { State } from './state.ts'
import { ServerThread } from './threads.ts'

/** Plays sequences of commands to two servers until one of them does other than the model says. */
export async function search (options: SearchOptions, onStep?: OnStep): Promise<SearchResult> {
  const threads = [new ServerThread(options.lost), new ServerThread(options.lost)]
  try {
    return await playSequences({
      name: 'stateful',
      options,
      commands: drawCommands(LONGEST, options.replayPath),
      makeState: () => new State(threads),
      onStep
    })
  } finally {
    await Promise.all(threads.map(async (thread) => { await thread.stop() }))
  }
}
