import { join, relative, sep } from 'node:path'
import ts from 'typescript'
import { packageFolders, readManifest, root } from '../architecture/source-graph.ts'

/** A subpath of a package that users import. */
export interface EntryPoint {
  /** Folder below packages/. */
  readonly folder: string
  /** What users import, e.g. `@peerkit/identity/der`. */
  readonly specifier: string
  readonly path: string
}

/** A name that an entry point exports. */
export interface ExportedName {
  readonly entry: EntryPoint
  readonly name: string
  readonly isType: boolean
  /** Whether users call it: a function, a class or a constant that is one. Classes of errors are not. */
  readonly isCallable: boolean
  /** Whether it comes from this package, and not from another one of the suite. */
  readonly isOwn: boolean
  /** Where it is declared, from the repository's root. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** The first line of each of its docstrings. */
  readonly docLines: readonly number[]
}

/** The subpaths in `exports` of every package. `./internal` and `./watch` are for the other packages of the suite. */
export function entryPoints (): EntryPoint[] {
  return packageFolders().flatMap((folder) => {
    const { name, exports } = readManifest(folder)
    return Object.entries<any>(exports)
      .filter(([subpath, conditions]) => !['./internal', './watch'].includes(subpath) && conditions['@peerkit/source'] !== undefined)
      .map(([subpath, conditions]) => ({
        folder,
        specifier: name + subpath.slice(1),
        path: join(root, 'packages', folder, conditions['@peerkit/source'])
      }))
  })
}

/** Everything that an entry point exports, by name, but for the default export. */
export function readExports (entry: EntryPoint, program: ts.Program): ExportedName[] {
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry.path)!)
  if (module === undefined) throw new Error(`${entry.path} exports nothing`)
  const exported = checker.getExportsOfModule(module)
  const named = exported.filter(({ name }) => name !== 'default')
  const byName = named.map((symbol) => describeExport(entry, symbol, checker))
  const main = exported.find(({ name }) => name === 'default')
  if (main === undefined) return byName
  const { file, line } = describeExport(entry, main, checker)
  if (byName.some((other) => other.file === file && other.line === line)) return byName
  throw new Error(`${entry.specifier} has a default export without a name`)
}

function describeExport (entry: EntryPoint, symbol: ts.Symbol, checker: ts.TypeChecker): ExportedName {
  const target = (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol)
  const declarations = target.declarations ?? []
  const declaration = declarations[0]
  if (declaration === undefined) throw new Error(`${entry.specifier} exports ${symbol.name}, which is not declared`)
  const source = declaration.getSourceFile()
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
  const isType = (target.flags & ts.SymbolFlags.Value) === 0 || isTypeExport(symbol)
  const docs = declarations.flatMap(ts.getJSDocCommentsAndTags).filter(ts.isJSDoc)
  return {
    entry,
    name: symbol.name,
    isType,
    isCallable: !isType && !/^MTLS_ERR_|Error$/.test(symbol.name) && isCallable(target, declaration, checker),
    isOwn: source.fileName.startsWith(join(root, 'packages', entry.folder) + sep),
    file: relative(root, source.fileName),
    line: lineOf(declaration),
    docLines: docs.map(lineOf)
  }
}

/** Whether it is exported by `export type`: then a class is not a value that users have. */
function isTypeExport ({ declarations = [] }: ts.Symbol): boolean {
  return declarations.some((declaration) => ts.isTypeOnlyImportOrExportDeclaration(declaration))
}

function isCallable (symbol: ts.Symbol, declaration: ts.Node, checker: ts.TypeChecker): boolean {
  if ((symbol.flags & ts.SymbolFlags.Function) !== 0) return true
  // A class with a static code is one of the errors.
  if ((symbol.flags & ts.SymbolFlags.Class) !== 0) return symbol.exports?.has('code' as ts.__String) !== true
  if ((symbol.flags & ts.SymbolFlags.Variable) === 0) return false
  const type = checker.getTypeOfSymbolAtLocation(symbol, declaration)
  return type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0
}

/** The functions and classes that users call, each once, in the order of the packages. */
export function readPublicApi (exported: readonly ExportedName[]): ExportedName[] {
  const seen = new Set<string>()
  return exported.filter(({ isCallable, isOwn, file, line }) => {
    const place = `${file}:${line}`
    if (!isCallable || !isOwn || seen.has(place)) return false
    seen.add(place)
    return true
  })
}
