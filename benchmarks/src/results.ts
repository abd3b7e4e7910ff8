import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Result } from './benchmark.ts'

const FOLDER = join(import.meta.dirname, '../results')

/**
 * Where figures are stored: the saved ones, which docs/performance.md shows; those of runs that change no tracked file;
 * and those of smoke tests, in a folder of their own because they mean nothing.
 */
export type Place = 'saved' | 'local' | 'quick'

export function resultsFolder (place: Place): string { return place === 'saved' ? FOLDER : join(FOLDER, place) }

export function saveResult (result: Result, place: Place): string {
  const path = join(resultsFolder(place), `${result.name}.json`)
  mkdirSync(dirname(path), { recursive: true })
  // Six digits are more than any benchmark can measure.
  const rounded = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value
  writeFileSync(path, `${JSON.stringify(result, rounded, 1)}\n`)
  return path
}

export function readResult (name: string, place: Place): Result | undefined {
  const path = join(resultsFolder(place), `${name}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Result : undefined
}
