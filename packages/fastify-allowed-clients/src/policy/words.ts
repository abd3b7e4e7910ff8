import { describeValue, findNearest } from '@peerkit/identity/internal'
import { AllowedClientsOptionError } from '../errors.ts'

/** The words that stand in place of rules. */
export const WORDS = ['public', 'authenticated'] as const
export type Word = typeof WORDS[number]

/** Refuses groups that have the name of a word. @throws AllowedClientsOptionError */
export function refuseReserved (names: Iterable<string>): void {
  for (const name of names) {
    if (!(WORDS as readonly string[]).includes(name)) continue
    throw new AllowedClientsOptionError(`groups.${name}: "${name}" is a reserved word; expected another name`)
  }
}

/** Refuses a misspelt reserved word. Of groups, only that there is no such group would be said. */
export function checkWords (value: unknown, path: string, groups: ReadonlySet<string>): void {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const one of list) {
    if (typeof one !== 'string' || groups.has(one)) continue
    const meant = findNearest(one, [...groups, ...WORDS])
    if (meant === one || !(WORDS as readonly unknown[]).includes(meant)) continue
    throw new AllowedClientsOptionError(
      `${path}: found ${describeValue(one)}, which is no group; did you mean '${meant as string}'?`
    )
  }
}

/** Finds a reserved word. It is refused among other rules, which would have no effect. */
export function findWord (value: unknown, path: string): Word | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const word = WORDS.find((one) => list.includes(one))
  if (word === undefined || list.length === 1) return word
  throw new AllowedClientsOptionError(`${path}: found "${word}" among other rules; expected only '${word}'`)
}
