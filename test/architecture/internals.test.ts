import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'tap'
import { packageFolders, readSources, root } from './source-graph.ts'

const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
const paths = packageFolders().flatMap((folder) => readSources(folder)).map(({ path }) => path)

test('what is used of the internals of others is in files for it, which the table names', async (t) => {
  const internals = paths.filter((path) => path.endsWith('-internals.ts'))
  t.ok(internals.length > 4)
  for (const path of internals) {
    const [folder = '', ...rest] = path.split('/packages/')[1]!.split('/')
    t.match(text, `\`${join(folder, ...rest.slice(1))}\``, path)
  }
  for (const path of paths.filter((path) => !internals.includes(path))) {
    t.notMatch(readFileSync(path, 'utf8'), /\breadSymbol\(|\.getOwnPropertySymbols\(/, path)
  }
})

test('the files that docs/architecture.md names are there', async (t) => {
  const names = new Set([...text.matchAll(/`(?:[a-z-]+\/)*([a-z-]+\.ts)`/g)].map(([, name = '']) => name))
  t.ok(names.size > 8)
  const known = paths.map((path) => basename(path))
  for (const name of names) t.ok(known.includes(name), name)
})
