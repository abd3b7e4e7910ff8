/**
 * What is accepted or refused as a whole: an authority with its files, by name; undefined means our certificate and
 * key.
 */
export type Part = string | undefined

/** Runs a check of one authority, and adds the authority to its errors. */
export function checkPart<Result> (authority: string, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    throw blame(error as Error, [authority])
  }
}

/** Adds the authorities to an error, unless it has some. */
export function blame<Given extends Error> (error: Given, authorities: readonly string[]): Given {
  const isBlamed = (error as { authorities?: readonly string[] }).authorities !== undefined
  return isBlamed ? error : Object.assign(error, { authorities })
}

/** Returns the parts that an error is about. */
export function partsOf (error: Error & { readonly authorities?: readonly string[] }): readonly Part[] {
  return error.authorities ?? [undefined]
}
