// Run in the folder of a package: bundles dist from its entry points, the exports of package.json. Node loads a few
// files in less than half of the time of many. Declarations come from tsc.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { build } from 'esbuild'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const sources = Object.values(exports).map((entry) => entry['@peerkit/source']).filter((path) => path?.endsWith('.ts'))
const entries = sources.map((source) => {
  const name = relative('src', source).replace(/\.ts$/, '')
  // What a module is imported for, and not what it exports: the check of the Node version.
  const effects = [...readFileSync(source, 'utf8').matchAll(/^import '([^']+)'$/gm)].map(([, specifier]) => specifier)
  return { source, name, effects, code: effects.length === 0 ? name : `code/${name}` }
})
const own = entries.flatMap(({ source, effects }) => effects.filter((specifier) => specifier.startsWith('.'))
  .map((specifier) => relative('src', `${dirname(source)}/${specifier}`).replace(/\.ts$/, '')))

// What `new Worker` starts. It is in the folder of the files that share code, where those that start it are.
const workers = readdirSync('src', { recursive: true }).filter((path) => path.endsWith('.worker.ts'))
  .map((path) => ({ in: `src/${path}`, out: basename(path, '.ts') }))

const options = {
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  charset: 'utf8',
  // An error is named by its class.
  keepNames: true,
  logLevel: 'warning'
}
const { metafile } = await build({
  ...options,
  entryPoints: [...entries.map(({ source, code }) => ({ in: source, out: code })), ...workers],
  // What several entry points share is in one file, so that it exists once. A dynamic import stays one.
  splitting: true,
  metafile: true,
  // What is imported for its effect is imported by a file of its own, below.
  logOverride: { 'ignored-bare-import': 'silent' }
})
for (const name of new Set(own)) {
  await build({ ...options, entryPoints: [{ in: `src/${name}.ts`, out: name }], ignoreAnnotations: true })
}

// Where an entry point is imported for an effect, its code is in another file, which bundlers of users may shorten:
// only the files that package.json names in "sideEffects" have to stay whole.
for (const { name, effects, code } of entries.filter(({ effects }) => effects.length > 0)) {
  const up = '../'.repeat(name.split('/').length - 1) || './'
  const from = JSON.stringify(`${up}${code}.js`)
  const lines = [
    ...effects.map((specifier) => `import ${JSON.stringify(specifier.replace(/\.ts$/, '.js'))}`),
    `export * from ${from}`
  ]
  if (metafile.outputs[`dist/${code}.js`].exports.includes('default')) lines.push(`export { default } from ${from}`)
  mkdirSync(dirname(`dist/${name}.js`), { recursive: true })
  writeFileSync(`dist/${name}.js`, `${lines.join('\n')}\n`)
}
