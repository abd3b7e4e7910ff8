import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository. Pages are its own Markdown files: none is copied. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Where TypeDoc writes the API reference, from the repository's root. Git ignores it. */
export const API_FOLDER = 'site/api'

const OF_ROOT: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'RELEASING.md': 'releasing.md',
  'ROADMAP.md': 'roadmap.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
  // The front page has the address of an index already.
  'docs/README.md': 'documents.md'
}

const OF_FOLDERS: ReadonlyArray<readonly [pattern: RegExp, page: string]> = [
  [/^docs\/((?:.+\/)?)README\.md$/, '$1index.md'],
  [/^docs\/(.+\.md)$/, '$1'],
  [/^(packages|examples)\/([^/]+)\/README\.md$/, '$1/$2.md'],
  [/^site\/api\/(?:@peerkit\/)?(.+\.md)$/, 'api/$1']
]

/** The page that a file of the repository is, from the site's root, or `undefined` if it is none. */
export function pageOf (file: string): string | undefined {
  if (Object.hasOwn(OF_ROOT, file)) return OF_ROOT[file]
  const [pattern, page] = OF_FOLDERS.find(([one]) => one.test(file)) ?? []
  return pattern === undefined ? undefined : file.replace(pattern, page!)
}

/** Globs of Markdown files that are no pages, for VitePress. */
export const NO_PAGES: readonly string[] = [
  '.*/**', 'benchmarks/**', 'test/**', 'release/**', 'site/*.md', 'packages/*/!(README).md', 'packages/*/*/**',
  'examples/*/*/**', '**/dist/**'
]

/** Names of the folders below `folder` that have a README, in order. */
export function foldersWithReadme (folder: string): string[] {
  return readdirSync(join(root, folder)).filter((name) => existsSync(join(root, folder, name, 'README.md'))).sort()
}

/** The first heading of a file, without its code marks. */
export function titleOf (file: string): string {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(root, file), 'utf8')) ?? []
  if (title === undefined) throw new Error(`${file} has no heading "# …", which the site needs for its menu`)
  return title.replaceAll('`', '')
}

/** The version that all packages have. `.changeset/config.json` keeps it the same. */
export function versionOf (folder: string): string {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')).version
}
