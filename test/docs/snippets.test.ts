import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageFolders } from '../architecture/source-graph.ts'
import { runChild, runNode, type ChildRun } from './child-run.ts'
import { ScratchFolder } from './scratch-folder.ts'
import { readmeFiles, readSnippets, documentFiles, type Snippet } from './snippets.ts'
import { checkTypes, makeProgram } from './type-check.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })

const snippets = [...readmeFiles(), ...documentFiles()].flatMap(readSnippets).map((snippet) => ({ snippet, file: writeSnippet(snippet) }))

t.test('every package has a README', async (t) => {
  t.same(readmeFiles(), packageFolders().map((name) => `packages/${name}/README.md`))
})

for (const { snippet, file } of snippets) {
  t.test(`the snippet at ${snippet.file}:${snippet.line} runs as it is`, async (t) => {
    const { code, output } = await runSnippet(snippet, file)
    t.equal(code, 0, output)
  })
}

t.test('snippets in TypeScript have the right types', async (t) => {
  const typed = snippets.filter(({ snippet }) => snippet.language === 'ts')
  const files = typed.map(({ file }) => file)
  const problems = checkTypes(makeProgram(files), files)
  const shown = problems.map(({ file, line, message }) => {
    const { snippet } = typed.find((other) => other.file === file)!
    return `${snippet.file}:${snippet.line + line - 1}: ${message}`
  })
  t.same(shown, [])
})

/** Writes a snippet into a folder of its own. */
function writeSnippet ({ file, line, language, code }: Snippet): string {
  const folder = join(scratch.path, `${file.replaceAll('/', '-')}-${line}`)
  mkdirSync(folder)
  const path = join(folder, `snippet.${language === 'js' ? 'mjs' : language}`)
  writeFileSync(path, code)
  return path
}

async function runSnippet ({ language }: Snippet, file: string): Promise<ChildRun> {
  const cwd = join(file, '..')
  return language === 'sh' ? await runChild('sh', ['-eu', file], { cwd }) : await runNode([file], { cwd })
}
