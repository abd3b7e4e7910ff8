import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { renderModule, type ExampleModule } from './example-module.ts'
import { runExamples } from './example-runs.ts'
import { entryPoints, readExports } from './public-api.ts'
import { ScratchFolder } from './scratch-folder.ts'
import { checkTypes, makeProgram } from './type-check.ts'

const entries = entryPoints().filter(({ folder }) => folder === 'identity')
const program = makeProgram(entries.map(({ path }) => path))
const exported = entries.flatMap((entry) => readExports(entry, program))

function render (code: string): ExampleModule {
  const place = { folder: 'identity', file: 'packages/identity/src/x.ts', docLine: 10, line: 20, name: 'x' }
  return renderModule({ ...place, code }, exported)
}

function write (scratch: ScratchFolder, sources: readonly string[]): string[] {
  return sources.map((source, index) => {
    const file = join(scratch.path, `${index}.ts`)
    writeFileSync(file, render(source).code)
    return file
  })
}

test('an example gets what it names, and its own imports come first', (t) => {
  const ownImport = "import { parseSpiffeId } from 'elsewhere'"
  const { code, lines } = render(`${ownImport}\n\nconst id: SpiffeId = parseSpiffeId(toHex(peer.raw))\n`)
  const written = code.split('\n')
  t.ok(written.includes("import type { SpiffeId } from '@peerkit/identity'"))
  t.ok(written.includes("import { toHex } from '@peerkit/identity/der'"))
  t.notMatch(code, /parseSpiffeId } from '@peerkit/, 'it imports this one itself')
  t.ok(written.indexOf(ownImport) < written.findIndex((line) => line.startsWith('export default')))
  t.equal(lines[written.findIndex((line) => line.startsWith('const id'))], 22)
  t.end()
})

test('an example that throws and one that ends the process are reported', async (t) => {
  const scratch = new ScratchFolder()
  t.teardown(() => { scratch[Symbol.dispose]() })
  const throwing = "throw new Error('on purpose')"
  const fine = "import { access } from 'node:fs/promises'\nconst peer = 'ledger.pem'\nawait access(peer)"
  const { errors, open } = await runExamples(write(scratch, [throwing, fine, 'process.exit()', fine]), scratch.path)
  t.match(errors[0], /on purpose/)
  t.equal(errors[1], undefined)
  t.match(errors[2], /the process ended before the example did/)
  t.match(errors[3], /did not run/)
  t.equal(open, undefined)
})

test('what is thrown after the last example fails', async (t) => {
  const scratch = new ScratchFolder()
  t.teardown(() => { scratch[Symbol.dispose]() })
  const late = "setTimeout(() => { throw new Error('late') }, 1)"
  const { errors } = await runExamples(write(scratch, [late]), scratch.path)
  t.match(errors[0], /late/)
})

test('an example with a wrong type has a problem at its line', (t) => {
  const scratch = new ScratchFolder()
  t.teardown(() => { scratch[Symbol.dispose]() })
  const files = write(scratch, ['peer.commonName?.trim()', '\npeer.nickname'])
  const problems = checkTypes(makeProgram([...entries.map(({ path }) => path), ...files], program), files)
  const lines = problems.map(({ line }) => render('\npeer.nickname').lines[line - 1])
  t.same(problems.map(({ file }) => file), [files[1]])
  t.same(lines, [21])
  t.match(problems[0]?.message, /nickname/)
  t.end()
})
