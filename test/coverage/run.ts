// Runs a package's tests under its coverage gate (.c8rc.json). Called in the package's folder.
// c8 --all counts a source file that no test imports, which is wanted; a file that holds only types has no code to
// cover and would count as never run, so those are found here and left out.
//
// Tests named *.openssl.ts mint what only openssl makes (old key formats, weak keys, PKCS#12). Where it is missing they are named and not run, and the gate
// is not asked, since it counts them; CI has it.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

const root = resolve(import.meta.dirname, '../..')

function holdsOnlyTypes (path: string): boolean {
  const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext, removeComments: true, verbatimModuleSyntax: true }
  })
  return /^\s*(export\s*\{\s*\};?)?\s*$/.test(outputText)
}

const typesOnly = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => join('src', name))
  .filter((path) => path.endsWith('.ts') && holdsOnlyTypes(path))

const find = (ending: string): string[] => readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending)).map((name) => join('test', name))
const needOpenssl = find('.openssl.ts')
const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : [...find('.test.ts'), ...(hasOpenssl ? needOpenssl : [])]
const tap = [join(root, 'node_modules/tap/dist/esm/run.mjs'), ...files]

if (needOpenssl.length > 0 && !hasOpenssl) {
  console.error(`openssl is not installed, so these were not run: ${needOpenssl.join(', ')}`)
  process.exit(spawnSync(process.execPath, tap, { stdio: 'inherit' }).status ?? 1)
}

const { status } = spawnSync(process.execPath, [
  join(root, 'node_modules/c8/bin/c8.js'), '--config', join(root, '.c8rc.json'), ...typesOnly.flatMap((path) => ['--exclude', path]), process.execPath, ...tap
], { stdio: 'inherit' })
process.exit(status ?? 1)
