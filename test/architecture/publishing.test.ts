// What npm shows of a package, and what bundlers and builds read of it. Every package of packages/ is looked at.
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'tap'
import { packageFolders, readManifest, readSources, root } from './source-graph.ts'

const REPOSITORY = 'https://github.com/peerkit/peerkit'
const manifests = new Map(packageFolders().map((folder) => [folder, readManifest(folder)]))

for (const [folder, manifest] of manifests) {
  test(`${folder} says where its source is, where its page is and where to report a fault`, async (t) => {
    t.same(manifest['repository'], { type: 'git', url: `git+${REPOSITORY}.git`, directory: `packages/${folder}` })
    t.equal(manifest['homepage'], `${REPOSITORY}/tree/main/packages/${folder}#readme`)
    t.same(manifest['bugs'], { url: `${REPOSITORY}/issues` })
  })

  test(`${folder} has keywords of its own`, async (t) => {
    const keywords: readonly string[] = manifest['keywords']
    t.ok(keywords.length >= 4, 'at least four')
    t.equal(new Set(keywords).size, keywords.length, 'none twice')
    for (const keyword of keywords) t.match(keyword, /^[a-z0-9][a-z0-9-]*$/)
    const others = [...manifests].filter(([other]) => other !== folder)
    const twin = others.find(([, other]) => [...other['keywords']].sort().join() === [...keywords].sort().join())
    t.equal(twin?.[0], undefined, 'no other package has the same list')
  })

  test(`${folder} is found by tools that do not read "exports"`, async (t) => {
    const { '.': root, ...others } = manifest['exports']
    t.equal(manifest['main'], root.default)
    t.equal(manifest['types'], root.types)
    // TypeScript's moduleResolution node10 finds the types of a subpath by these alone. Public types use internal ones.
    const subpaths = Object.entries<any>(others).filter(([, target]) => target.types !== undefined)
    const expected = subpaths.length === 0 ? undefined : { '*': Object.fromEntries(subpaths.map(([subpath, target]) => [subpath.slice(2), [target.types]])) }
    t.same(manifest['typesVersions'], expected)
  })

  test(`${folder} is built before it is packed`, async (t) => {
    t.equal(manifest['scripts'].build, 'tsc -b && node ../../esbuild.config.js')
    t.equal(manifest['scripts'].prepack, 'npm run build')
  })

  test(`${folder} names in "sideEffects" the modules that must run when they are imported, and no others`, async (t) => {
    const expected = modulesWithEffects(folder)
    t.same(manifest['sideEffects'], expected.length === 0 ? false : expected)
  })
}

test('no module imports by name what Node 18 does not export', async (t) => {
  // Such an import fails before any module runs, so the check of the Node version could not say what is wrong.
  for (const folder of packageFolders()) {
    for (const { path } of readSources(folder)) {
      t.notMatch(readFileSync(path, 'utf8'), /^import .*\{[^}]*\bhash\b[^}]*\} from 'node:crypto'/m, relative(root, path))
    }
  }
})

/**
 * Modules that are imported for what they do, and the modules that import them or another package of the suite so. What a
 * foreign package does when it is loaded is its own manifest's matter.
 */
function modulesWithEffects (folder: string): string[] {
  const src = join(root, 'packages', folder, 'src')
  const found = new Set<string>()
  for (const { path } of readSources(folder)) {
    for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(/^import '([^']+)'$/gm)) {
      const own = specifier.startsWith('.')
      if (!own && !specifier.startsWith('@peerkit/')) continue
      found.add(path)
      if (own) found.add(resolve(dirname(path), specifier))
    }
  }
  return [...found].map((path) => `./dist/${relative(src, path).replace(/\.ts$/, '.js')}`).sort()
}
