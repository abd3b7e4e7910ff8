// The words of the documents are in the dictionaries of cspell, or in cspell.json. Code is left out. It works offline.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { runChild, type ChildRun } from './child-run.ts'

const CSPELL = join(root, 'node_modules/cspell/bin.mjs')

async function check (...files: string[]): Promise<ChildRun> {
  return await runChild(process.execPath, [CSPELL, 'lint', '--no-progress', '--no-color', ...files], { cwd: root })
}

test('the documents are spelled right', async (t) => {
  const { code, output } = await check()
  t.equal(code, 0, `correct the word, or add it to cspell.json:\n${output}`)
  const [, files] = /Files checked: (\d+)/.exec(output) ?? []
  t.ok(Number(files) > 60, output)
})

test('a wrong word is found, in prose alone', async (t) => {
  const file = join(t.testdir(), 'page.md')
  writeFileSync(file, '# Certificats\n\nClients recieve `xqzzt` from [a](xqzzt.md).\n\n```js\nxqzzt()\n```\n')
  const { code, output } = await check('--no-gitignore', '--config', join(root, 'cspell.json'), '--root', join(file, '..'), 'page.md')
  t.equal(code, 1)
  t.match(output, /Certificats/)
  t.match(output, /recieve/)
  t.notMatch(output, /xqzzt/)
})

test('the list has each word once, in the order of the alphabet', async (t) => {
  const { words } = JSON.parse(readFileSync(join(root, 'cspell.json'), 'utf8')) as { words: string[] }
  t.same(words, [...new Set(words)].sort((one, other) => one.toLowerCase() < other.toLowerCase() ? -1 : 1))
})
