import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'

const folder = join(root, 'docs')

test('docs/README.md links to every document, and says for whom it is and what it answers', async (t) => {
  const text = readFileSync(join(folder, 'README.md'), 'utf8')
  const links = new Set([...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => join('docs', target)))
  const documents = listDocuments()
  t.ok(documents.length > 30)
  t.same(documents.filter((path) => !links.has(path)), [])
  const rows = text.split('\n').filter((line) => line.startsWith('| ['))
  t.ok(rows.length > 20)
  for (const row of rows) t.match(row, /^\| \[[^\]]+\]\([^)]+\) \| [^|]+ \| [^|]+\? ?[^|]*\|$/)
})

/** Paths below the root: the documents of the repository, and the READMEs of its folders. */
function listDocuments (): string[] {
  const namesOf = (path: string): string[] => readdirSync(join(root, path))
  const markdownOf = (path: string): string[] => {
    return namesOf(path).filter((name) => name.endsWith('.md')).map((name) => join(path, name))
  }
  const readmesOf = (path: string): string[] => namesOf(path).map((name) => join(path, name, 'README.md'))
  const listed = [...markdownOf('.'), ...markdownOf('docs'), ...markdownOf('docs/recipes'), ...markdownOf('docs/moving'), ...markdownOf('docs/start'), ...['docs', 'packages', 'examples'].flatMap(readmesOf)]
  return listed.filter((path) => path !== 'docs/README.md' && existsSync(join(root, path)))
}
