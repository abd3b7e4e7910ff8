/** Longer than any start, in milliseconds. */
const LONG = 2 ** 30

/**
 * Keeps the process alive while a source starts. All timers of a source are unreferenced. Without this, a program that
 * awaits its credentials at top level would exit silently (exit code 13).
 */
export async function holdProcessOpen<Result> (task: () => Promise<Result>): Promise<Result> {
  const alive = setInterval(() => {}, LONG)
  try {
    return await task()
  } finally {
    clearInterval(alive)
  }
}
