/** What a run says. A step that does not do what it should stops the run. */
export interface Transcript {
  title (text: string): void
  line (text: string): void
  /** Prints the outcome; throws where it is not the expected one. */
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
