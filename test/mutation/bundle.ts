// Makes one file of a test file and of the sources that it reaches. One file is loaded much faster than some hundred, and
// can be loaded again in the same process, with another fault.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileFunction, constants } from 'node:vm'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { TAP } from './recorded-tests.ts'

/**
 * What is inlined: the package under test, all that imports it, and nothing else. Other packages are loaded once, so
 * nothing of them may be inlined.
 */
function inlined (own: string): Plugin {
  return {
    name: 'inlined',
    setup ({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^tap$/ }, () => ({ path: 'tap', namespace: 'recorded' }))
      onLoad({ filter: /./, namespace: 'recorded' }, () => ({ contents: TAP }))
      onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...options }) => {
        if (pluginData === true || options.kind === 'entry-point') return
        if (path === own || path.startsWith(`${own}/`)) {
          // From the copy, wherever the import stands.
          return await resolve(path, { ...options, resolveDir: process.cwd(), pluginData: true })
        }
        return path.startsWith('@peerkit/test-support/') ? undefined : { external: true }
      })
    }
  }
}

/** Which faults a test reaches is asked without a fault in force. With one it is not asked, and takes no time. */
const COUNTS = 'function cover() {'

function uncounted (source: string): string {
  return source.replace(COUNTS, `${COUNTS} if (ns.activeMutant !== undefined) return;`)
}

/** Tests read files beside themselves: those of the package, in which no fault is planted. */
function placed (folder: string): Plugin {
  return {
    name: 'placed',
    setup ({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        return { loader: 'ts', contents: uncounted(await readFile(path, 'utf8')) }
      })
      onLoad({ filter: /\/test\/.*\.ts$/ }, async ({ path }) => {
        const original = join(folder, relative(process.cwd(), path))
        const meta = { dirname: dirname(original), url: pathToFileURL(original).href }
        const source = (await readFile(path, 'utf8'))
          .replaceAll(/import\.meta\.(url|dirname)/g, (_, name: keyof typeof meta) => JSON.stringify(meta[name]))
          .replaceAll('import.meta.resolve(', `resolveFrom(${JSON.stringify(meta.url)}, `)
        return { loader: 'ts', contents: source }
      })
    }
  }
}

const IMPORT = /^import (?:(\w+)(?:, )?)?(?:\* as (\w+)|\{([^}]*)\})?(?: from )?"([^"]+)";$/gm

/** A module as the body of an asynchronous function. Node keeps each module that it ever loaded, and no call of a function. */
function toBody (module: string): string {
  return module.replaceAll(IMPORT, (_, initial?: string, all?: string, some?: string, from?: string) => {
    const names = [
      ...(initial === undefined ? [] : [`default: ${initial}`]),
      ...(some === undefined ? [] : [some.replaceAll(' as ', ': ')])
    ]
    return `const ${all ?? `{ ${names.join(', ')} }`} = await load(${JSON.stringify(from)});`
  })
}

/** Runs a test file, with its sources, from the start. */
export type Bundle = () => Promise<void>

function compile (path: string, module: string): Bundle {
  const { resolve } = createRequire(path)
  const run = compileFunction(`return (async () => {${toBody(module)}\n})()`, ['load', 'resolveFrom'], {
    filename: path,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  }) as (load: (specifier: string) => Promise<unknown>, resolveFrom: (url: string, specifier: string) => string) => Promise<void>
  return async () => await run(
    async (specifier) => await import(specifier.startsWith('node:') ? specifier : pathToFileURL(resolve(specifier)).href),
    (url, specifier) => pathToFileURL(createRequire(url).resolve(specifier)).href
  )
}

/** Bundles the test files of the working directory. */
export async function bundleTests (files: readonly string[]): Promise<ReadonlyMap<string, Bundle>> {
  const { name } = JSON.parse(await readFile('package.json', 'utf8')) as { name: string }
  const { outputFiles } = await build({
    entryPoints: [...files],
    // esbuild has kept the one in which it was loaded.
    absWorkingDir: process.cwd(),
    outdir: '.',
    outbase: '.',
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['@peerkit/source'],
    keepNames: true,
    logLevel: 'error',
    plugins: [inlined(name), placed(join(process.cwd(), '../..', 'packages', basename(name)))]
  })
  return new Map(outputFiles.map(({ path, text }) => {
    return [relative(process.cwd(), path).replace(/\.js$/, '.ts'), compile(path, text)]
  }))
}
