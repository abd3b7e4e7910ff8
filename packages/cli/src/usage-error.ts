/** The command line is wrong, or a file that it names cannot be used: exit code 2. */
export class UsageError extends Error {
  constructor (problem: string, options?: ErrorOptions) {
    super(`Invalid option: ${problem}`, options)
  }
}
