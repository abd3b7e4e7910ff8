// Every link of a Markdown file of this repository leads somewhere: to a file, and to a heading of it. READMEs of packages
// are shown on npm too, so what they link outside of their package is absolute.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { readmeFiles } from './snippets.ts'

const REPOSITORY = 'https://github.com/peerkit/peerkit'
const LEFT_OUT = new Set(['node_modules', 'dist', 'coverage', '.git', '.tap', '.turbo', '.snippets', '.cache'])
/** Made by `npm run docs`, which looks for dead links itself. */
const API_REFERENCE = 'site/api'

interface Link { readonly target: string, readonly line: number }

test('links lead to files and headings that there are', async (t) => {
  const files = markdownFiles(root)
  t.ok(files.length > 30)
  for (const file of files) {
    const faults = readLinks(file).map((link) => findFault(file, link)).filter((fault) => fault !== undefined)
    t.same(faults, [], file)
  }
})

test('READMEs of packages link to the repository, where npm shows nothing else', async (t) => {
  for (const file of readmeFiles()) {
    const leaving = readLinks(file).filter(({ target }) => target.startsWith('..') || target.startsWith('/'))
    t.same(leaving, [], `${file}: write ${REPOSITORY}/blob/main/…`)
  }
})

test('a broken link is found', async (t) => {
  const fault = (target: string): string | undefined => findFault('docs/architecture.md', { target, line: 1 })
  t.equal(fault('threat-model.md'), undefined)
  t.equal(fault('threat-model.md#out-of-scope'), undefined)
  t.equal(fault(`${REPOSITORY}/blob/main/docs/errors.md`), undefined)
  t.equal(fault(`${REPOSITORY}/tree/main/packages/rules`), undefined)
  t.equal(fault('https://example.org/anything'), undefined)
  t.match(fault('no-such.md'), /no file/)
  t.match(fault('threat-model.md#no-such-heading'), /no heading/)
  t.match(fault(`${REPOSITORY}/blob/main/docs/no-such.md`), /no file/)
  t.match(fault(`${REPOSITORY}/blob/main/packages/rules`), /is a folder/)
})

function markdownFiles (folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (LEFT_OUT.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (relative(root, path) === API_REFERENCE) return []
    if (entry.isDirectory()) return markdownFiles(path)
    return entry.name.endsWith('.md') ? [relative(root, path)] : []
  })
}

/** Links outside of code, with their lines. */
function readLinks (file: string): Link[] {
  const text = withoutCode(readFileSync(join(root, file), 'utf8'))
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => ({ target: match[1] ?? '', line: text.slice(0, match.index).split('\n').length }))
}

/** Code is blanked and its lines are kept, so that lines can be named. */
function withoutCode (text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, '')).replace(/`[^`\n]*`/g, '')
}

function findFault (file: string, { target, line }: Link): string | undefined {
  const inRepository = target.startsWith(`${REPOSITORY}/blob/main/`) || target.startsWith(`${REPOSITORY}/tree/main/`)
  if (/^[a-z]+:/.test(target) && !inRepository) return undefined
  const [address = '', heading] = target.split('#')
  const path = inRepository
    ? join(root, address.slice(`${REPOSITORY}/blob/main/`.length))
    : address === '' ? join(root, file) : resolve(root, dirname(file), address)
  if (!existsSync(path)) return `line ${line}: no file for ${target}`
  const folder = statSync(path).isDirectory()
  if (inRepository && folder !== address.startsWith(`${REPOSITORY}/tree/`)) return `line ${line}: ${target} is a ${folder ? 'folder' : 'file'}`
  if (heading === undefined || heading === 'readme') return undefined
  return headingsOf(path).has(heading) ? undefined : `line ${line}: no heading for ${target}`
}

/** The anchors that GitHub gives to the headings of a file. */
function headingsOf (path: string): Set<string> {
  const text = readFileSync(path, 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
  const found = new Set<string>()
  for (const [, title = ''] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-')
    let anchor = plain
    for (let count = 1; found.has(anchor); count++) anchor = `${plain}-${count}`
    found.add(anchor)
  }
  for (const [, id = ''] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(id)
  return found
}
