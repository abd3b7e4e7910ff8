/**
 * Finds the known name that is one typing error away: one letter too many, missing or wrong, or two letters swapped.
 */
export function findNearestName (given: string, known: readonly string[]): string | undefined {
  const lower = given.toLowerCase()
  return known.find((name) => isOneSlipAway(lower, name.toLowerCase()))
}

function isOneSlipAway (one: string, other: string): boolean {
  let start = 0
  while (start < one.length && one[start] === other[start]) start += 1
  let left = one.length
  let right = other.length
  while (left > start && right > start && one[left - 1] === other[right - 1]) {
    left -= 1
    right -= 1
  }
  const [middle, wanted] = [one.slice(start, left), other.slice(start, right)]
  return Math.max(middle.length, wanted.length) < 2 ||
    (middle.length === 2 && middle === [...wanted].reverse().join(''))
}
