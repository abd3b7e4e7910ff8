import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Result } from './benchmark.ts'

const FOLDER = join(import.meta.dirname, '../results')

/** Smoke tests are kept apart, so that their figures are taken for no one's. */
export function resultsFolder (quick: boolean): string { return quick ? join(FOLDER, 'quick') : FOLDER }

export function saveResult (result: Result): string {
  const path = join(resultsFolder(result.quick), `${result.name}.json`)
  mkdirSync(dirname(path), { recursive: true })
  // Six digits say more than any benchmark knows.
  writeFileSync(path, `${JSON.stringify(result, (_key, value: unknown) => typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value, 1)}\n`)
  return path
}

export function readResult (name: string, quick: boolean): Result | undefined {
  const path = join(resultsFolder(quick), `${name}.json`)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Result : undefined
}
