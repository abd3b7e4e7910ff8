import type { Command } from '../command.ts'

/** The options that every command has. */
export const COMMON_OPTIONS: readonly string[] = ['--help']
/** The options of `peerkit` itself. */
export const TOP_OPTIONS: readonly string[] = ['--help', '--version']

/** The first words of all commands, each once, with their second words. A command of one word has none. */
export function groupWords (commands: readonly Command[]): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    const seconds = groups.get(first) ?? []
    groups.set(first, seconds)
    if (second !== undefined) seconds.push(second)
  }
  return groups
}
