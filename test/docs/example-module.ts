import { join } from 'node:path'
import ts from 'typescript'
import type { Example } from './docstring-examples.ts'
import { FIXTURE_NAMES } from './example-fixtures.ts'
import type { ExportedName } from './public-api.ts'

/** A module whose default export runs an example, and where its lines come from. */
export interface ExampleModule {
  readonly code: string
  /** For each line of the code, the line in the file of the docstring; undefined for what is not in the docstring. */
  readonly lines: ReadonlyArray<number | undefined>
}

const FIXTURES = JSON.stringify(join(import.meta.dirname, 'example-fixtures.ts'))

/**
 * Makes a module of an example: its imports, those of the suite's exports that it names, and a function with its body.
 *
 * @param exported everything that the packages export
 */
export function renderModule (example: Example, exported: readonly ExportedName[]): ExampleModule {
  const source = ts.createSourceFile('example.ts', example.code, ts.ScriptTarget.Latest, true)
  const ownImports = source.statements.filter(ts.isImportDeclaration)
  const imported = new Set(ownImports.flatMap(namesIn))
  const needed = [...new Set(namesIn(source))].filter((name) => !imported.has(name))
  const imports = renderImports(needed, example.folder, exported)
  const rendered = [`import type { ExampleFixtures } from ${FIXTURES}`, ...imports]
  const lines: Array<number | undefined> = rendered.map(() => undefined)

  const written = example.code.trimEnd().split('\n')
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
  const hoisted = new Set(ownImports.flatMap((node) => range(lineOf(node.getStart(source)), lineOf(node.end))))
  const add = (line: string, from?: number): void => {
    rendered.push(line)
    lines.push(from)
  }
  written.forEach((line, index) => { if (hoisted.has(index)) add(line, example.line + index) })
  add('export default async function example (fixtures: ExampleFixtures): Promise<void> {')
  add(`const { ${FIXTURE_NAMES.join(', ')} } = fixtures`)
  // A block of its own: an example may declare a name of the fixtures or of the imports.
  add('{')
  written.forEach((line, index) => { if (!hoisted.has(index)) add(line, example.line + index) })
  add('}')
  add('}')
  return { code: `${rendered.join('\n')}\n`, lines }
}

/** The identifiers of a syntax tree, but for names of properties. */
function namesIn (node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return isPropertyName(node) ? [] : [node.text]
  const names: string[] = []
  ts.forEachChild(node, (child) => { names.push(...namesIn(child)) })
  return names
}

function isPropertyName (node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node
  return ts.isBindingElement(parent) && parent.propertyName === node
}

function renderImports (names: readonly string[], folder: string, exported: readonly ExportedName[]): string[] {
  return names.flatMap((name) => {
    if (name === 'Fastify') return ['import Fastify from \'fastify\'']
    const candidates = exported.filter((other) => other.name === name)
    const found = candidates.find(({ entry }) => entry.folder === folder) ?? candidates.find(({ isOwn }) => isOwn)
    if (found === undefined) return []
    return [`import ${found.isType ? 'type ' : ''}{ ${name} } from '${found.entry.specifier}'`]
  })
}

function range (first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_none, index) => first + index)
}
