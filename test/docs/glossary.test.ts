import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, readSources, root } from '../architecture/source-graph.ts'

const text = readFileSync(join(root, 'docs/glossary.md'), 'utf8')
const entries = [...text.matchAll(/^### (.+)\n\n([^]+?)(?=\n\n#|\n*$(?![^]))/gm)].map(([, words = '', meaning = '']) => ({ words, meaning }))

test('every entry says in two sentences or more what a word means and where it is used', async (t) => {
  t.ok(entries.length > 40)
  t.equal(entries.length, text.match(/^### /gm)?.length)
  t.equal(new Set(entries.map(({ words }) => words)).size, entries.length, 'each has an anchor of its own')
  for (const { words, meaning } of entries) {
    t.match(meaning, /^[A-Z`]/, words)
    t.match(meaning, /\bIn `|\bSee the\s+\[|\bIn\s+`/, `${words}: where it is used`)
  }
})

test('pages for newcomers link each of these words to its entry, where they use it first', async (t) => {
  const words: ReadonlyArray<readonly [word: RegExp, anchor: string]> = [
    [/\bcertificates?\b/i, 'certificate-leaf'],
    [/\bCAs?\b/, 'ca-intermediate-root'],
    [/\bhandshakes?\b/, 'handshake'],
    [/\bCRLs?\b/, 'crl'],
    [/\bOCSP\b/, 'ocsp'],
    [/\brevoke[sd]?\b|\brevocation\b/i, 'revocation'],
    [/\bSPIFFE\s+IDs?\b/, 'spiffe-id'],
    [/\brules?\b/i, 'rule'],
    [/\bresumes?\b/, 'session-resumption'],
    [/\bextended key usage\b/, 'purpose']
  ]
  let count = 0
  for (const page of ['start/mutual-tls.md', 'start/ten-minutes.md', 'faq.md', 'trouble.md']) {
    const prose = proseOf(readFileSync(join(root, 'docs', page), 'utf8'))
    for (const [word, anchor] of words) {
      // A link to another page is no use of the word, and cannot have a link inside.
      const others = /\[[^\]]*\]\((?!(?:\.\.\/)?glossary\.md#)[^)]*\)/g
      const text = prose.replace(others, '').replace(new RegExp(`\\[([^\\]]*)\\]\\((?:\\.\\./)?glossary\\.md#(?!${anchor}\\))[^)]*\\)`, 'g'), '$1')
      const first = text.search(word)
      if (first === -1) continue
      count++
      const link = text.search(new RegExp(`\\[[^\\]]*\\]\\((?:\\.\\./)?glossary\\.md#${anchor}\\)`))
      t.equal(link, first - 1, `${page}: ${anchor}`)
    }
  }
  t.ok(count > 20)
})

/** Without headings, code and pictures, which cannot have links. */
function proseOf (text: string): string {
  return text.replace(/^```[^]*?^```$/gm, '').replace(/^#.*$/gm, '').replace(/`[^`]*`/g, '').replace(/!\[[^\]]*\]\([^)]*\)/g, '')
}

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
