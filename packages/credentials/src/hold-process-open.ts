/** Longer than any start. */
const LONG = 2 ** 30

/**
 * Keeps the process alive while a source starts. All its timers let the process end, and a program whose top level
 * waits for its credentials would end there without a word (exit code 13).
 */
export async function holdProcessOpen<Result> (task: () => Promise<Result>): Promise<Result> {
  const alive = setInterval(() => {}, LONG)
  try {
    return await task()
  } finally {
    clearInterval(alive)
  }
}
