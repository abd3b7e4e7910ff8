/** The output of a run. A step with an unexpected outcome stops the run. */
export interface Transcript {
  title (text: string): void
  line (text: string): void
  /** Prints the outcome. Throws if it is not the expected one. */
  expect (what: string, found: string, expected: string | RegExp): void
}

export function createTranscript (write: (text: string) => void = (text) => process.stdout.write(text)): Transcript {
  return {
    title: (text) => { write(`\n${text}\n`) },
    line: (text) => { write(`   ${text}\n`) },
    expect: (what, found, expected) => {
      const met = typeof expected === 'string' ? found === expected : expected.test(found)
      write(`   ${met ? 'ok  ' : 'FAIL'} ${what}: ${found}\n`)
      if (!met) throw new Error(`${what}: found "${found}", expected ${String(expected)}`)
    }
  }
}
