/**
 * What is taken, or refused, by itself: an authority with all of its files, by its name; undefined stands for what we
 * present, certificate and key.
 */
export type Part = string | undefined

/** Runs a check of one authority; what it throws is about that authority. */
export function checkPart<Result> (authority: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    throw blame(error as Error, [authority])
  }
}

/** Says which authorities an error is about, unless that was said before. */
export function blame<Given extends Error> (error: Given, authorities: readonly string[]): Given {
  return (error as { authorities?: readonly string[] }).authorities === undefined ? Object.assign(error, { authorities }) : error
}

/** Which parts an error is about. */
export function partsOf (error: Error & { readonly authorities?: readonly string[] }): readonly Part[] {
  return error.authorities ?? [undefined]
}
