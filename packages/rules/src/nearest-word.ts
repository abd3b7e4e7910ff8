/**
 * The known word that was most probably meant, or `undefined`. It differs only in case, is a prefix or extension, or is
 * within two edits (insertion, removal, replacement, swap of neighbours; Damerau-Levenshtein) and half of the length.
 */
export function findNearestWord (word: string, known: Iterable<string>): string | undefined {
  // A longer word is not a typing mistake, and the cost grows with the square of the length.
  if (word.length > 64) return undefined
  const folded = word.toLowerCase()
  let best: string | undefined
  let least = Math.min(2.5, folded.length / 2)
  for (const candidate of known) {
    const other = candidate.toLowerCase()
    const begins = folded.length > 2 && other.length > 2 && (folded.startsWith(other) || other.startsWith(folded))
    const distance = begins ? Math.min(0.5, editDistance(folded, other)) : editDistance(folded, other)
    if (distance < least) {
      best = candidate
      least = distance
    }
  }
  return best
}

/** `did you mean "…"?`, or `''`. */
export function suggestWord (word: string, known: Iterable<string>): string {
  const nearest = findNearestWord(word, known)
  return nearest === undefined ? '' : `did you mean ${JSON.stringify(nearest)}?`
}

/** Costs less than any other edit, so that `uo` is taken for `ou` and not for `o`. */
const SWAP = 0.75

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
