import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageFolders } from '../architecture/source-graph.ts'
import { readExamples, type Example } from './docstring-examples.ts'
import { renderModule } from './example-module.ts'
import { runExamples } from './example-runs.ts'
import { entryPoints, readExports, readPublicApi } from './public-api.ts'
import { ScratchFolder } from './scratch-folder.ts'
import { checkTypes, makeProgram } from './type-check.ts'

/** Packages that lack examples, or have some that cannot run yet. Their examples are not run. */
const INCOMPLETE: readonly string[] = []

interface WrittenExample {
  readonly example: Example
  /** The module's file. */
  readonly file: string
  readonly lines: ReadonlyArray<number | undefined>
}

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })

const entries = entryPoints()
const program = makeProgram(entries.map(({ path }) => path))
const exported = entries.flatMap((entry) => readExports(entry, program))
const api = readPublicApi(exported)
const complete = packageFolders().filter((folder) => !INCOMPLETE.includes(folder))
const written = packageFolders().flatMap(writeExamples)
const typeProblems = findTypeProblems()

t.test('every function and class that users call has an example', async (t) => {
  t.equal(new Set(api.map(({ entry }) => entry.folder)).size, packageFolders().length, 'each package exports some')
  for (const folder of complete) t.equal(withoutExample(folder).join('\n'), '', `exports of ${folder} without @example`)
})

t.test('the examples have the right types', async (t) => {
  for (const folder of complete) t.equal(typeProblems.get(folder)?.join('\n'), undefined, folder)
})

t.test('a package whose examples are complete is not on the list of the others', async (t) => {
  const finished = INCOMPLETE.filter((folder) => withoutExample(folder).length === 0 && !typeProblems.has(folder))
  t.same(finished, [], 'take these off INCOMPLETE')
})

for (const folder of complete) {
  t.test(`the examples of ${folder} run`, async (t) => {
    const own = written.filter(({ example }) => example.folder === folder)
    const { errors, open, output } = await runExamples(own.map(({ file }) => file), scratch.path)
    for (const [index, { example }] of own.entries()) {
      t.equal(showPlaces(errors[index]), undefined, describeExample(example))
    }
    const suspects = open?.since.map((index) => describeExample(own[index]!.example))
    t.equal(open, undefined, `the examples of ${folder} leave nothing open`, { suspects, output })
  })
}

function writeExamples (folder: string): WrittenExample[] {
  const target = join(scratch.path, folder)
  mkdirSync(target)
  return readExamples(folder).map((example, index) => {
    const file = join(target, `${index}-${example.name}.ts`)
    const { code, lines } = renderModule(example, exported)
    writeFileSync(file, code)
    return { example, file, lines }
  })
}

/** The problems of each package that has some. */
function findTypeProblems (): ReadonlyMap<string, readonly string[]> {
  const files = written.map(({ file }) => file)
  const problems = checkTypes(makeProgram([...entries.map(({ path }) => path), ...files], program), files)
  return problems.reduce((found, { file, line, message }) => {
    const { example } = written.find((other) => other.file === file)!
    const own = found.get(example.folder) ?? []
    return found.set(example.folder, [...own, `${placeOf(file, line)}: ${message}`])
  }, new Map<string, readonly string[]>())
}

/** What users call of a package and has no example. */
function withoutExample (folder: string): string[] {
  const examples = new Set(readExamples(folder).map(({ file, docLine }) => `${file}:${docLine}`))
  return api
    .filter(({ entry }) => entry.folder === folder)
    .filter(({ file, docLines }) => !docLines.some((line) => examples.has(`${file}:${line}`)))
    .map(({ entry, name, file, line }) => `${entry.specifier}: ${name} (${file}:${line})`)
}

function describeExample ({ file, line, name }: Example): string {
  return `${file}:${line} ${name}`
}

/** The line of the docstring that a line of a module comes from. */
function placeOf (file: string, line: number): string {
  const { example, lines } = written.find((other) => other.file === file)!
  return `${example.file}:${lines[line - 1] ?? example.line} ${example.name}`
}

/** A stack trace with places in docstrings. */
function showPlaces (stack: string | undefined): string | undefined {
  return stack?.replace(/(?:file:\/\/)?(\/[^\s:]+\.ts):(\d+)(?::\d+)?/g, (place, file: string, line: string) => {
    return written.some((other) => other.file === file) ? placeOf(file, Number(line)) : place
  })
}
