import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'

export const root: string = resolve(import.meta.dirname, '../..')

export interface SourceFile { readonly path: string, readonly imports: readonly string[] }

export function packageFolders (): string[] {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
}

export function readManifest (folder: string): Record<string, any> {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
}

/** Every TypeScript source of a package with the specifiers it imports (types and dynamic imports included). */
export function readSources (folder: string): SourceFile[] {
  const src = join(root, 'packages', folder, 'src')
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const path = join(src, name)
      const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true)
      return { path, imports: importedFiles.map((file) => file.fileName) }
    })
}

/** What of `declared`, names of packages, none of `files` imports: neither a value nor a type. */
export function findUnused (declared: readonly string[], files: readonly SourceFile[]): string[] {
  const used = new Set(files.flatMap((file) => file.imports.map(packageOf)))
  return declared.filter((name) => !used.has(name))
}

/** The files that import more than types of one of these packages. */
export function findLoaded (names: readonly string[], files: readonly SourceFile[]): string[] {
  return files.filter(({ path, imports }) => imports.some((specifier) => names.includes(packageOf(specifier))))
    .filter(({ path }) => {
      const { statements } = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest)
      const erased = statements.filter((one) => (ts.isImportDeclaration(one) && one.importClause?.isTypeOnly === true) ||
        (ts.isExportDeclaration(one) && one.isTypeOnly))
        .map((one) => ((one as ts.ImportDeclaration).moduleSpecifier as ts.StringLiteral | undefined)?.text)
      const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true)
      const count = (list: ReadonlyArray<string | undefined>): number =>
        list.filter((specifier) => specifier !== undefined && names.includes(packageOf(specifier))).length
      return count(importedFiles.map(({ fileName }) => fileName)) > count(erased)
    })
    .map(({ path }) => path)
}

/** The package that a specifier names: `@scope/name/subpath` is of `@scope/name`. */
function packageOf (specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/** The first import circle among `files`, as paths from the repository's root, or undefined. */
export function findCircle (files: readonly SourceFile[]): string[] | undefined {
  const graph = new Map(files.map((file) => [file.path, file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolve(dirname(file.path), specifier))]))
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (path: string): string[] | undefined => {
    const at = trail.indexOf(path)
    if (at >= 0) return [...trail.slice(at), path].map((step) => relative(root, step))
    if (done.has(path)) return undefined
    trail.push(path)
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next)
      if (circle !== undefined) return circle
    }
    trail.pop()
    done.add(path)
    return undefined
  }
  for (const path of graph.keys()) {
    const circle = visit(path)
    if (circle !== undefined) return circle
  }
  return undefined
}

/** What is wrong with one import of `folder`, or undefined. `allowed` are the folders it may import. */
export function judgeImport (specifier: string, folder: string, allowed: readonly string[], manifest: Record<string, any>): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  if (specifier.startsWith('.')) return specifier.endsWith('.ts') || specifier.endsWith('.json') ? undefined : `${specifier} has no .ts extension`
  const [scope, name = '', ...rest] = specifier.split('/')
  if (scope !== '@peerkit') {
    const dependency = packageOf(specifier)
    const declared = { ...manifest['dependencies'], ...manifest['peerDependencies'] }
    return dependency in declared ? undefined : `${specifier} is not among the dependencies of ${folder}`
  }
  if (!allowed.includes(name)) return `no arrow from ${folder} to ${name}`
  const subpath = rest.length === 0 ? '.' : `./${rest.join('/')}`
  return subpath in readManifest(name).exports ? undefined : `${specifier} is not exported by ${name}`
}
