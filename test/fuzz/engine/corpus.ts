import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../corpus')

/** The kept inputs of a fuzzer: what it found once, and inputs that lead far into the code. In the order of their names. */
export function readCorpus (name: string): Buffer[] {
  const own = join(folder, name)
  if (!existsSync(own)) return []
  return readdirSync(own).sort().map((file) => readFileSync(join(own, file)))
}

/** Keeps an input. @returns its path */
export function keepInCorpus (name: string, input: Uint8Array): string {
  const own = join(folder, name)
  mkdirSync(own, { recursive: true })
  const path = join(own, `${createHash('sha256').update(input).digest('hex').slice(0, 16)}.bin`)
  writeFileSync(path, input)
  return path
}
