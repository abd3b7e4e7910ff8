/** The command line is wrong, or one of its files cannot be used. Exit code 2. */
export class UsageError extends Error {
  constructor (problem: string, options?: ErrorOptions) {
    super(`Invalid option: ${problem}`, options)
  }
}
