import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, readSources, root } from '../architecture/source-graph.ts'

const text = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
const entries = text.split(/\n\n/).filter((paragraph) => paragraph.startsWith('**'))

test('every entry says in two sentences or more what a word means and where it is used', async (t) => {
  t.ok(entries.length > 40)
  for (const entry of entries) {
    const [, words = ''] = /^\*\*([^*]+)\.\*\*/.exec(entry) ?? []
    t.match(entry, /^\*\*[^*]+\.\*\* [A-Z`\n]/, words)
    t.match(entry, /\bIn `|\bSee the\s+\[|\bIn\s+`/, `${words}: where it is used`)
  }
})

test('what the glossary names in code is there', async (t) => {
  const folders = packageFolders()
  const sources = folders.flatMap((folder) => readSources(folder))
  const code = sources.map(({ path }) => readFileSync(path, 'utf8')).join('\n')
  const names = new Set([...text.matchAll(/`([A-Za-z][A-Za-z0-9]*|[a-z-]+\.ts|peerkit:[a-z:-]+)`/g)].map(([, name = '']) => name))
  t.ok(names.size > 60)
  for (const name of names) {
    const found = name.endsWith('.ts')
      ? sources.some(({ path }) => path.endsWith(`/${name}`))
      : folders.includes(name) || new RegExp(`\\b${name}\\b`).test(code)
    t.ok(found, name)
  }
  for (const [, path = ''] of text.matchAll(/`((?:test|packages)\/[a-z/-]+)`/g)) t.ok(existsSync(join(root, path)), path)
})
