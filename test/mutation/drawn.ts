// A part of the faults, for a run that has no time for all. The same seed draws the same faults, wherever they run.
import { createHash } from 'node:crypto'
import type { Mutant } from '@stryker-mutator/api/core'

/** How many of a hundred, and the seed. run.ts sets it. */
const [percent = 100, seed = 0] = process.env['PEERKIT_MUTATION_SAMPLE']?.split(':').map(Number) ?? []

export function isDrawn (
  { fileName, location: { start, end }, mutatorName, replacement }: Mutant, wish: { readonly percent: number, readonly seed: number } = { percent, seed }
): boolean {
  const file = fileName.slice(fileName.lastIndexOf('/src/'))
  const text = JSON.stringify([wish.seed, file, start.line, start.column, end.line, end.column, mutatorName, replacement])
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32 * 100 < wish.percent
}
