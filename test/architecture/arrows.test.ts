import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { test } from 'tap'
import { arrows, typeArrows } from './arrows.ts'
import { findCircle, findLoaded, findUnused, judgeImport, packageFolders, readManifest, readSources, root } from './source-graph.ts'

test('the packages are the rooms of the picture, no more and no fewer', async (t) => {
  t.same(packageFolders(), Object.keys(arrows).sort())
})

for (const [folder, allowed] of Object.entries(arrows)) {
  const manifest = readManifest(folder)
  const files = readSources(folder)
  const types = typeArrows[folder] ?? []

  test(`${folder} imports only along its arrows, never deep, and only what it declares`, async (t) => {
    const faults = files.flatMap((file) => file.imports
      .map((specifier) => judgeImport(specifier, folder, [...allowed, ...types], manifest))
      .filter((fault) => fault !== undefined)
      .map((fault) => `${relative(root, file.path)}: ${fault}`))
    t.same(faults, [])
    t.ok(files.length > 1, 'the room is not empty')
  })

  test(`${folder} declares its arrows as dependencies`, async (t) => {
    const declared = Object.keys(manifest['dependencies'] ?? {})
      .filter((name) => name.startsWith('@peerkit/')).map((name) => name.slice('@peerkit/'.length))
    t.same(declared.sort(), [...allowed].sort())
    const peers = Object.keys(manifest['peerDependencies'] ?? {})
    const ofSuite = peers.filter((name) => name.startsWith('@peerkit/'))
    t.same(ofSuite, types.map((name) => `@peerkit/${name}`), 'a package of the suite is a peer only for its types')
    t.ok(ofSuite.every((name) => manifest['peerDependenciesMeta']?.[name]?.optional === true), 'and an optional one')
    t.same(findLoaded(ofSuite, files).map((path) => relative(root, path)), [], 'nothing of it is loaded')
  })

  test(`${folder} imports every dependency that it declares, and uses every arrow`, async (t) => {
    const declared = Object.keys({ ...manifest['dependencies'], ...manifest['peerDependencies'] })
    t.same(findUnused(declared, files), [], 'dependencies')
    t.same(findUnused(allowed.map((name) => `@peerkit/${name}`), files), [], 'arrows')
  })

  test(`${folder} has no import circle`, async (t) => {
    t.equal(findCircle(files), undefined)
  })

  test(`${folder} keeps the manners of a published package`, async (t) => {
    t.equal(manifest['type'], 'module')
    t.equal(manifest['engines'].node, '>=22.19')
    t.equal(manifest['license'], 'MIT')
    t.equal(manifest['name'], `@peerkit/${folder}`)
    for (const [subpath, target] of Object.entries<any>(manifest['exports'])) {
      if (typeof target === 'string') continue
      t.same(Object.keys(target), ['@peerkit/source', 'types', 'default'], `conditions of ${subpath}, in order`)
    }
  })
}

test('fastify-allowed-clients follows its rules file without loading the rest of credentials', async (t) => {
  const own = readSources('fastify-allowed-clients')
  t.ok(own.some(({ imports }) => imports.includes('@peerkit/credentials/watch')))
  // Types of the rest are erased.
  const loading = own.filter(({ path }) => {
    return /^(?:import|export) (?!type )[^;]*? from '@peerkit\/credentials'$/m.test(readFileSync(path, 'utf8'))
  })
  t.same(loading.map(({ path }) => relative(root, path)), [])
  const watch = readSources('credentials').filter(({ path }) => path.includes('/src/watch/'))
  t.ok(watch.length > 1)
  for (const { path, imports } of watch) {
    const others = imports.filter((specifier) => !/^(node:|\.\/|@peerkit\/identity\/internal$)/.test(specifier))
    t.same(others, [], relative(root, path))
  }
})

test('connect/ of undici-mtls opens verified TLS connections, and knows nothing of HTTP or of the rest', (t) => {
  const files = readSources('undici-mtls').filter(({ path }) => path.includes('/src/connect/'))
  t.ok(files.length > 1)
  for (const { path, imports } of files) {
    const others = imports.filter((specifier) => /^(?:undici$|node:https?2?$|\.\.\/(?!errors\.ts$))/.test(specifier))
    t.same(others, [], relative(root, path))
  }
  t.end()
})

test('the picture itself has no circle', async (t) => {
  for (const folder of Object.keys(typeArrows)) t.ok(folder in arrows, folder)
  const seen = new Set<string>()
  const visit = (folder: string, trail: readonly string[]): void => {
    if (trail.includes(folder)) t.fail(`circle: ${[...trail, folder].join(' > ')}`)
    seen.add(folder)
    for (const next of [...arrows[folder] ?? [], ...typeArrows[folder] ?? []]) visit(next, [...trail, folder])
  }
  for (const folder of Object.keys(arrows)) visit(folder, [])
  t.equal(seen.size, Object.keys(arrows).length)
})

test('the judge refuses what it is there to refuse', async (t) => {
  const manifest = readManifest('rules')
  t.match(judgeImport('@peerkit/credentials', 'rules', ['identity'], manifest), /no arrow from rules to credentials/)
  t.match(judgeImport('@peerkit/identity/src/der.ts', 'rules', ['identity'], manifest), /is not exported/)
  t.match(judgeImport('lodash', 'rules', ['identity'], manifest), /not among the dependencies/)
  t.match(judgeImport('./parse', 'rules', ['identity'], manifest), /no \.ts extension/)
  const files = [{ path: '/x/a.ts', imports: ['node:fs', './b.ts', '@peerkit/identity/der', 'fastify'] }]
  t.same(findUnused(['@peerkit/identity', '@peerkit/ident', 'fastify', 'fast', 'yaml'], files), ['@peerkit/ident', 'fast', 'yaml'])
  t.ok(findLoaded(['@peerkit/rules'], readSources('fastify-allowed-clients')).length > 0, 'an import of a value loads')
  const circle = findCircle([{ path: '/x/a.ts', imports: ['./b.ts'] }, { path: '/x/b.ts', imports: ['./c.ts'] }, { path: '/x/c.ts', imports: ['./a.ts'] }])
  t.equal(circle?.length, 4)
})
