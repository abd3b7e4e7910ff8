/** A longer word is not a typing mistake, and the cost of a comparison grows with the square of the length. */
const LONGEST = 64
/** Costs less than any other edit, so that `uo` is taken for `ou` and not for `o`. */
const SWAP = 0.75

/**
 * The known word that was most probably meant, or `undefined`. It differs only in letter case, hyphens and underscores,
 * or begins with the given word, or the given word begins with it, or it is within two edits (insertion, removal,
 * replacement, swap of neighbours; Damerau-Levenshtein) and half of the length.
 */
export function findNearest (word: string, known: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined
  const folded = fold(word)
  let best: string | undefined
  let least = Math.min(2.5, folded.length / 2)
  for (const candidate of known) {
    const cost = costOf(folded, fold(candidate))
    if (cost < least) {
      best = candidate
      least = cost
    }
  }
  return best
}

/** `did you mean "…"?`, or `''` if no known word is near. */
export function suggestNearest (word: string, known: Iterable<string>): string {
  const nearest = findNearest(word, known)
  return nearest === undefined ? '' : `did you mean ${JSON.stringify(nearest)}?`
}

/** `did you mean "…"?`, or `expected one of …` if no known word is near. */
export function suggestNearestOf (word: string, known: readonly string[]): string {
  return suggestNearest(word, known) || `expected one of ${known.join(', ')}`
}

function fold (word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

function costOf (word: string, other: string): number {
  const edits = editDistance(word, other)
  const begins = word.length > 2 && other.length > 2 && (word.startsWith(other) || other.startsWith(word))
  // Of two words that begin with the given one, the shorter was meant.
  return begins ? Math.min(edits, 0.5 + Math.abs(word.length - other.length) / 1000) : edits
}

function editDistance (a: string, b: string): number {
  let twoBack: number[] = []
  let back = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((back[j - 1] as number) + (same ? 0 : 1), (back[j] as number) + 1, (row[j - 1] as number) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (twoBack[j - 2] as number) + SWAP)
      }
      row.push(cost)
    }
    twoBack = back
    back = row
  }
  return back[b.length] as number
}
