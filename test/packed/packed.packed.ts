// What a user gets: the packed tarballs, installed into an empty project outside the workspace, used from plain JavaScript
// on the Node that PEERKIT_NODE names (CI: the oldest supported one).
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, test } from 'tap'
import { packageFolders, readManifest, root } from '../architecture/source-graph.ts'
import { readSnippets } from '../docs/snippets.ts'
import { copySources } from './copy-sources.ts'
import { packAll, run } from './pack.ts'

const node = process.env['PEERKIT_NODE'] ?? process.execPath
const project = mkdtempSync(join(tmpdir(), 'peerkit-packed-'))
after(() => rmSync(project, { recursive: true, force: true }))
const bin = (name: string): string => join(root, 'node_modules/.bin', name)
const tarballs = await packAll(project)
const TOO_OLD = 20
const versions = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies

test('every package packs', async (t) => {
  t.equal(tarballs.length, packageFolders().length)
})

test('another working copy gives the same tarballs, byte for byte', async (t) => {
  const folder = t.testdir({ 'a working copy of another name': {}, packed: {} })
  const copy = join(folder, 'a working copy of another name')
  copySources(copy)
  const others = await packAll(join(folder, 'packed'), { from: copy, env: { ...process.env, TZ: 'Pacific/Auckland', LC_ALL: 'C' } })
  t.same(others.map(integrity), tarballs.map(integrity), 'a difference here may be an old file in packages/*/dist: remove these folders')
})

for (const tarball of tarballs) {
  const name = tarball.slice(project.length + 1)
  test(`${name} has types, entry points and metadata as publint and attw want them`, async (t) => {
    await run(bin('publint'), ['run', tarball, '--strict'])
    await run(bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji'])
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout.trim().split('\n')
    t.ok(files.includes('package/README.md'), 'carries its README')
    t.ok(files.includes('package/LICENSE'), 'carries its license')
    t.notOk(files.some((file) => /tsbuildinfo|\.test\.|^package\/(?:test|src)\//.test(file)), 'carries no tests, sources or build state')
  })
}

test('the tarballs install into an empty project', async (t) => {
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, `fastify@${versions.fastify}`, `undici@${versions.undici}`], { cwd: project })
  for (const entry of entryPoints()) {
    const { stdout } = await run(node, ['--input-type=module', '-e', `console.log(Object.keys(await import('${entry}')).length)`], { cwd: project })
    t.ok(Number(stdout) > 0, `${entry} imports on its own`)
  }
})

test('a Node that is too old is refused by every entry point and command, in one sentence', async (t) => {
  const folder = t.testdir({ 'package.json': JSON.stringify({ allowScripts: { node: true } }) })
  await run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `node@${TOO_OLD}`], { cwd: folder })
  const old = join(folder, 'node_modules/node/bin/node')
  const refusal = new RegExp(`^Error: Peerkit needs Node 22\\.19 or later\\. This is Node ${TOO_OLD}\\.\\d+\\.\\d+\\. Install a newer Node and start again\\.$`, 'm')
  const refuse = async (what: string, args: readonly string[]): Promise<void> => {
    const { stdout, stderr } = await run(old, args, { cwd: project }).then(({ stdout }) => ({ stdout, stderr: 'it started' }), (error) => error)
    t.match(stderr, refusal, what)
    t.equal(stdout, '', what)
  }
  for (const entry of entryPoints()) await refuse(entry, ['--input-type=module', '-e', `await import('${entry}'); console.log('loaded')`])
  for (const path of commands()) await refuse(path, [path, '--help'])
})

test('two services in plain JavaScript trust each other and refuse everyone else', async (t) => {
  copyFileSync(join(root, 'test/packed/two-services.mjs'), join(project, 'two-services.mjs'))
  const { stdout } = await run(node, ['two-services.mjs'], { cwd: project })
  t.match(stdout, /^allowed 200\ndenied 403 MTLS_ERR_CLIENT_NOT_ALLOWED\nrefused\ndone\n$/)
})

test('a large rules file is read by the worker of the package', async (t) => {
  writeFileSync(join(project, 'rules.json'), JSON.stringify({ groups: { all: { o: 'Example' } } }).padEnd(40_000))
  copyFileSync(join(root, 'test/packed/rules-file.mjs'), join(project, 'rules-file.mjs'))
  const { stdout } = await run(node, ['rules-file.mjs'], { cwd: project })
  t.equal(stdout, 'worker started\nrules version 1\n', 'a warning would tell that it could not start')
})

test('the command is found by the name of its package', async (t) => {
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env['PATH'] ?? ''}` }
  const { stdout } = await run('npx', ['--offline', '-p', '@peerkit/cli', 'peerkit', '--help'], { cwd: project, env })
  t.match(stdout, /^usage: peerkit COMMAND/)
})

test('a service that init writes installs, has the right types, passes its tests and serves Alice alone', async (t) => {
  const path = `${dirname(node)}:${process.env['PATH'] ?? ''}`
  const env = { ...process.env, PATH: path, npm_config_prefer_offline: 'true' }
  await run('npx', ['--offline', '-p', '@peerkit/create', 'create-peerkit', 'shop'], { cwd: project, env })
  const shop = join(project, 'shop')
  // The released packages are not on a registry yet, so the packed ones take their places.
  const manifest = JSON.parse(readFileSync(join(shop, 'package.json'), 'utf8'))
  const packed = Object.fromEntries(packageFolders().map((name) => [`@peerkit/${name}`, `file:${tarballOf(name)}`]))
  const placed = (names: object): object => Object.fromEntries(Object.entries(names).map(([name, range]) => [name, packed[name] ?? range]))
  const { dependencies, devDependencies } = manifest
  writeFileSync(join(shop, 'package.json'), JSON.stringify({ ...manifest, dependencies: placed(dependencies), devDependencies: placed(devDependencies), overrides: packed }))
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: shop, env })
  await run('npm', ['run', 'types'], { cwd: shop, env })
  await run('npm', ['run', 'rules'], { cwd: shop, env })
  const { stdout } = await run('npm', ['test'], { cwd: shop, env })
  t.match(stdout, /pass 2\n/)
  const calls = [...readFileSync(join(shop, 'README.md'), 'utf8').matchAll(/^curl .*$/gm)].map(([line]) => line)
  t.equal(calls.length, 3)
  await run('npm', ['run', 'certs'], { cwd: shop, env })
  const script = `node server.ts > server.log 2>&1 & pid=$!; trap 'kill $pid' EXIT; until grep -q listening server.log; do kill -0 $pid || { cat server.log; exit 1; }; sleep 0.1; done; ${calls.map((call) => `${call} || echo none; echo`).join('; ')}`
  const { stdout: answers } = await run('sh', ['-euc', script], { cwd: shop, env })
  t.match(answers, /^\{"hello":"alice","invoices":\[\]\}\n.*MTLS_ERR_CLIENT_NOT_ALLOWED.*\nnone\n/)
})

test("the README's commands and snippet work as pasted into an empty project", async (t) => {
  const snippets = readSnippets('README.md')
  t.same(snippets.map((snippet) => snippet.language), ['js', 'sh', 'sh'], 'server, certificates, call')
  const [server, certificates, call] = snippets
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env['PATH'] ?? ''}` }
  await run('sh', ['-euc', certificates?.code ?? ''], { cwd: project, env })
  writeFileSync(join(project, 'server.js'), server?.code ?? '')
  const script = `"${node}" server.js > server.log 2>&1 & pid=$!; trap 'kill $pid' EXIT; until grep -q listening server.log; do kill -0 $pid || { cat server.log; exit 1; }; sleep 0.1; done; ${call?.code ?? ''}`
  const { stdout } = await run('sh', ['-euc', script], { cwd: project, env })
  t.match(stdout, /\{"hello":"alice"\}/)
  t.match(stdout, /MTLS_ERR_CLIENT_NOT_ALLOWED/)
  t.match(stdout, /no certificate, no answer/)
  const log = readFileSync(join(project, 'server.log'), 'utf8')
  t.match(log, /"reason":"no_certificate"/, 'the log says why there was no answer')
  t.match(log, /"nearest":\{"path":"groups\.billing"/, 'and which rule came closest')
})

function integrity (tarball: string): string {
  return `${basename(tarball)} sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
}

function tarballOf (folder: string): string {
  const found = tarballs.find((tarball) => basename(tarball).startsWith(`peerkit-${folder}-${readManifest(folder)['version']}`))
  if (found === undefined) throw new Error(`no tarball of ${folder} among ${tarballs.map((tarball) => basename(tarball)).join(', ')}`)
  return found
}

/** What a user can import: each package and its subpaths. */
function entryPoints (): string[] {
  return packageFolders().flatMap((folder) => Object.entries(readManifest(folder)['exports'])
    .filter(([, target]) => typeof target !== 'string')
    .map(([subpath]) => `@peerkit/${folder}${subpath.slice(1)}`))
}

/** The files of the commands, in the project where the packages are installed. */
function commands (): string[] {
  return packageFolders().flatMap((folder) => Object.values<string>(readManifest(folder)['bin'] ?? {}).map((path) => join('node_modules/@peerkit', folder, path)))
}
