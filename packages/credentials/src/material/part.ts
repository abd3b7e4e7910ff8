import { MaterialError } from '../errors.ts'
import type { MaterialErrorOptions } from '../errors.ts'

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

/** What the error of a part is made with. */
export function blaming (part: Part): MaterialErrorOptions {
  return part === undefined ? {} : { authorities: [part] }
}

/** Adds the authorities to an error, unless it has some. */
export function blame (error: Error, authorities: readonly string[]): Error {
  return error instanceof MaterialError && error.authorities === undefined ? error.about(authorities) : error
}

/** Returns the parts that an error is about. */
export function partsOf (error: Error): readonly Part[] {
  return error instanceof MaterialError && error.authorities !== undefined ? error.authorities : [undefined]
}

/** How the parts of a load are checked. */
interface PartCheck<Result> {
  /** Checks all parts. Some stay as they are in use. @throws the first error */
  check (kept: ReadonlySet<Part>): Promise<Result>
  /** Releases a result that is not used. */
  discard (result: Result): void
  /** Parts that stay as they are in use, without being refused. */
  readonly held: ReadonlySet<Part>
  /** Parts that may have changed. */
  readonly changed: readonly Part[]
  /** Makes the error of a changed part that is refused because the other parts do not pass with it. */
  blameChange (part: Part, error: Error): Error
}

interface Accepted<Result> {
  readonly result: Result
  readonly refusals: ReadonlyMap<Part, Error>
}

/**
 * Refuses parts until the rest passes.
 *
 * @param failures parts that are refused already
 * @throws the last error if nothing helps
 */
export async function acceptParts<Result> (
  failures: ReadonlyMap<Part, Error>, parts: PartCheck<Result>
): Promise<Accepted<Result>> {
  const refusals = new Map(failures)
  for (;;) {
    try {
      return { result: await parts.check(new Set([...refusals.keys(), ...parts.held])), refusals }
    } catch (error) {
      const blamed = partsOf(error as Error).filter((part) => !refusals.has(part) && !parts.held.has(part))
      if (blamed.length === 0) return await findChange(error as Error, failures, refusals, parts)
      for (const part of blamed) refusals.set(part, error as Error)
    }
  }
}

/**
 * The refused parts are already as they are in use, and still do not pass: another part has changed so that they do not
 * fit it. Refuses each changed part in turn, and then several together. Parts that pass with that are not refused.
 */
async function findChange<Result> (
  error: Error, failures: ReadonlyMap<Part, Error>, blamed: ReadonlyMap<Part, Error>, parts: PartCheck<Result>
): Promise<Accepted<Result>> {
  const pass = async (refused: ReadonlyMap<Part, Error>): Promise<Accepted<Result> | undefined> => {
    const kept = new Set([...refused.keys(), ...parts.held])
    return await parts.check(kept).then((result) => ({ result, refusals: refused }), () => undefined)
  }
  const changed = parts.changed.filter((part) => !blamed.has(part) && !parts.held.has(part))
  const together = changed.slice(1).map((_, index) => changed.slice(0, index + 2))
  let accepted: Accepted<Result> | undefined
  for (const tried of [...changed.map((part) => [part]), ...together]) {
    accepted = await pass(new Map([...blamed, ...tried.map((part) => [part, parts.blameChange(part, error)] as const)]))
    if (accepted !== undefined) break
  }
  if (accepted === undefined) throw error
  for (const part of blamed.keys()) {
    if (failures.has(part)) continue
    const better = await pass(new Map([...accepted.refusals].filter(([refused]) => refused !== part)))
    if (better === undefined) continue
    parts.discard(accepted.result)
    accepted = better
  }
  return accepted
}
