import type { Command } from '../command.ts'

/** All commands, as the script of a shell needs them. */
export interface CommandWords {
  readonly commands: readonly Command[]
  /** The first words of all commands, each once, with their second words. A command of one word has none. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** The summary of a command, or the second words of a group. */
  summarize (name: string): string
}

/** @param commands all commands */
export function wordsOf (commands: readonly Command[]): CommandWords {
  const groups = new Map<string, string[]>()
  for (const { name } of commands) {
    const [first = '', second] = name.split(' ')
    const seconds = groups.get(first) ?? []
    groups.set(first, seconds)
    if (second !== undefined) seconds.push(second)
  }
  const summarize = (name: string): string =>
    commands.find((command) => command.name === name)?.summary ?? (groups.get(name) ?? []).join(', ')
  return { commands, groups, summarize }
}
