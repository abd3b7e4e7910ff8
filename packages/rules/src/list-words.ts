/** `a`, `a and b`, `a, b and c`. */
export function listWords (words: readonly string[], joint: 'and' | 'or' = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`
}

/** The same of the first `count` words, and how many more there are. */
export function listSome (words: readonly string[], count: number, joint: 'and' | 'or' = 'and'): string {
  const more = words.length - count
  return more <= 0 ? listWords(words, joint) : listWords([...words.slice(0, count), `${more} more`], joint)
}
