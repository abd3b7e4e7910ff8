/** `; did you mean "…"?` for the known word within two edits of `word`, else `; expected one of …`. */
export function nearest (word: string, known: readonly string[]): string {
  let best = ''
  let least = 3
  for (const candidate of known) {
    const edits = word.toLowerCase() === candidate.toLowerCase() ? 0 : editDistance(word.slice(0, 40), candidate)
    if (edits < least) {
      best = candidate
      least = edits
    }
  }
  return best === '' ? `; expected one of ${known.join(', ')}` : `; did you mean "${best}"?`
}

function editDistance (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
