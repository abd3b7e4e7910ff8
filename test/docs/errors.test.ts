import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, root } from '../architecture/source-graph.ts'

interface CatalogueEntry { readonly code: string, readonly status: number | undefined }

async function readCatalogue (folder: string): Promise<CatalogueEntry[]> {
  const exported: Record<string, any> = await import(`@peerkit/${folder}`)
  return Object.entries(exported)
    .filter(([name]) => name.startsWith('MTLS_ERR_'))
    .map(([name, Constructor]) => {
      const error = new Constructor()
      if (error.code !== name) throw new Error(`${folder} exports ${name}, whose code is ${error.code}`)
      return { code: name, status: error.statusCode }
    })
}

/** Rows of docs/errors.md below the heading of a package: | `CODE` | status | meaning | what to do | */
function readDocumented (folder: string): CatalogueEntry[] {
  const sections = readFileSync(join(root, 'docs/errors.md'), 'utf8').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`@peerkit/${folder}\n`)) ?? ''
  return [...section.matchAll(/^\| `(MTLS_ERR_[A-Z0-9_]+)` \| ([^|]*) \|([^|]+)\|([^|]+)\|$/gm)].map((row) => {
    const [, code = '', status = '', meaning = '', remedy = ''] = row
    if (meaning.trim() === '' || remedy.trim() === '') throw new Error(`${code} has an empty column in docs/errors.md`)
    return { code, status: /^\d+$/.test(status.trim()) ? Number(status) : undefined }
  })
}

const byCode = (a: CatalogueEntry, b: CatalogueEntry): number => a.code < b.code ? -1 : 1

test('docs/errors.md and the catalogues of the packages say the same, code for code and status for status', async (t) => {
  for (const folder of packageFolders()) {
    t.same(readDocumented(folder).sort(byCode), (await readCatalogue(folder)).sort(byCode), folder)
  }
})

test('no code is thrown that no catalogue holds', async (t) => {
  const { readSources } = await import('../architecture/source-graph.ts')
  const known = new Set<string>()
  for (const folder of packageFolders()) for (const entry of await readCatalogue(folder)) known.add(entry.code)
  for (const folder of packageFolders()) {
    for (const file of readSources(folder)) {
      const named = readFileSync(file.path, 'utf8').match(/\bMTLS_ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g) ?? []
      t.same(named.filter((code) => !known.has(code)), [], file.path.slice(root.length + 1))
    }
  }
})
