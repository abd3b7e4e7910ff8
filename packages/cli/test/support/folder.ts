import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'

/** A folder of the test's own with these files; gives their paths. */
export function folder (t: Test, files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const dir = t.testdir()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), content)
  }
  return (name) => join(dir, name)
}
