// Takes the lock of the store in the argument, and keeps it until it is killed.
import { stat } from 'node:fs/promises'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { fileStore } from '../../src/index.ts'

const path = process.argv[2] ?? ''
const clock = new ManualClock()
const release = await fileStore(path, { clock }).lock?.({ signal: new AbortController().signal })
const timeOf = async (): Promise<number> => (await stat(`${path}.lock`)).mtimeMs

process.on('message', () => {
  const beat = async (): Promise<void> => {
    const before = await timeOf()
    clock.advance(2_000)
    while (await timeOf() === before);
    process.send?.('touched')
  }
  beat().catch((error: unknown) => { throw error })
})
process.send?.(typeof release)
