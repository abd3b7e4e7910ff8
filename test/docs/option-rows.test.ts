import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import ts from 'typescript'
import { packageFolders, readSources, root } from '../architecture/source-graph.ts'

/** The options that the interfaces of a package have, by interface. */
function listOptions (folder: string): Array<readonly [type: string, options: readonly string[]]> {
  const index = readFileSync(join(root, 'packages', folder, 'src/index.ts'), 'utf8')
  return readSources(folder).flatMap(({ path }) => {
    const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
    return statements.filter((one) => ts.isInterfaceDeclaration(one))
      .filter(({ name: { text } }) => /Options$/.test(text) && new RegExp(`\\b${text}\\b`).test(index))
      .map(({ name, members }) => [name.text, members.flatMap((one) => one.name?.getText() ?? [])] as const)
  })
}

test('every option that a user can give is named in the README of its package', async (t) => {
  let count = 0
  for (const folder of packageFolders()) {
    const readme = readFileSync(join(root, 'packages', folder, 'README.md'), 'utf8')
    const code = [...readme.matchAll(/`[^`\n]+`/g)].join('\n')
    for (const [type, options] of listOptions(folder)) {
      count += options.length
      t.same(options.filter((option) => !new RegExp(`\\b${option}\\b`).test(code)), [], `${folder}: ${type}`)
    }
  }
  t.ok(count > 200)
})
