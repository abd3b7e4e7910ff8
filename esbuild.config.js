// Run in the folder of a package: bundles dist from its entry points, the exports of package.json. Node loads a few
// files in less than half of the time of many. Declarations come from tsc.
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entryPoints = Object.values(exports).map((entry) => entry['@peerkit/source']).filter((path) => path?.endsWith('.ts'))

await build({
  entryPoints,
  outbase: 'src',
  outdir: 'dist',
  // What several entry points share is in one file, so that it exists once. A dynamic import stays one.
  splitting: true,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  charset: 'utf8',
  // "sideEffects" of package.json tells other bundlers about dist, not this one about src.
  ignoreAnnotations: true,
  logLevel: 'warning'
})
