import { basename, resolve } from 'node:path'
import { UsageError } from '../command.ts'

/** What npm takes as the name of a new package: lower case, as in a URL, with a scope or without. */
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
const MAX_LENGTH = 214

/**
 * The name of the project: `--name`, else that of the folder.
 *
 * @throws UsageError if npm would refuse it
 */
export function nameOf (folder: string, given: string | undefined): string {
  const name = given ?? basename(resolve(folder))
  const expected = `at most ${MAX_LENGTH} lower-case letters, digits, "-", "." or "_", and no "." or "_" at the start`
  if (NAME.test(name) && name.length <= MAX_LENGTH && name !== 'node_modules') return name
  throw new UsageError(given === undefined
    ? `the folder is ${JSON.stringify(name)}, which cannot be the name of a package; give --name: ${expected}`
    : `--name is ${JSON.stringify(name)}; expected ${expected}`)
}
