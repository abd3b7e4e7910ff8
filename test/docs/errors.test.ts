import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, readSources, root } from '../architecture/source-graph.ts'

interface CatalogueEntry { readonly code: string, readonly name: string, readonly status?: number }

/** The errors that a package exports: classes with a static code. Those that a client may see have a status, too. */
async function readCatalogue (folder: string): Promise<CatalogueEntry[]> {
  const exported: Record<string, any> = await import(`@peerkit/${folder}`)
  return Object.entries(exported)
    .filter(([, value]) => typeof value === 'function' && typeof value.code === 'string')
    .map(([name, { code, statusCode }]) => ({ code, name, ...(statusCode !== undefined && { status: statusCode }) }))
}

/**
 * Rows of docs/errors.md below the heading of a package: `| CODE | class | meaning | what to do |`. Packages that answer
 * requests have a column with the status, too.
 */
function readDocumented (folder: string): CatalogueEntry[] {
  const sections = readFileSync(join(root, 'docs/errors.md'), 'utf8').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`@peerkit/${folder}\n`)) ?? ''
  return [...section.matchAll(/^\| `(MTLS_ERR_[A-Z0-9_]+)` \| `(\w+)` \|(?: (\d*) \|)?([^|]+)\|([^|]+)\|$/gm)].map((row) => {
    const [, code = '', name = '', status = '', meaning = '', remedy = ''] = row
    if (meaning.trim() === '' || remedy.trim() === '') throw new Error(`${code} has an empty column in docs/errors.md`)
    return { code, name, ...(status !== '' && { status: Number(status) }) }
  })
}

test('the code of a class and that of its errors are the same', (t) => {
  for (const folder of packageFolders()) {
    for (const { path } of readSources(folder)) {
      const classes = readFileSync(path, 'utf8').matchAll(/static readonly code = '(\w+)'[^}]*?readonly code = '(\w+)'/g)
      for (const [, ofClass, ofErrors] of classes) t.equal(ofErrors, ofClass, path.slice(root.length + 1))
    }
  }
  t.end()
})

const byCode = (a: CatalogueEntry, b: CatalogueEntry): number => a.code < b.code ? -1 : 1

test('docs/errors.md and the packages have the same codes, classes and statuses', async (t) => {
  for (const folder of packageFolders()) {
    t.same(readDocumented(folder).sort(byCode), (await readCatalogue(folder)).sort(byCode), folder)
  }
})

test('no code is thrown that no catalogue holds', async (t) => {
  const known = new Set<string>()
  for (const folder of packageFolders()) for (const entry of await readCatalogue(folder)) known.add(entry.code)
  for (const folder of packageFolders()) {
    for (const file of readSources(folder)) {
      const named = readFileSync(file.path, 'utf8').match(/\bMTLS_ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g) ?? []
      t.same(named.filter((code) => !known.has(code)), [], file.path.slice(root.length + 1))
    }
  }
})
