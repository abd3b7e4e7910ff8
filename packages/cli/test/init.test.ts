import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { VERSIONS } from '../src/init/project-template.ts'
import { folder } from './support/folder.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'

const readJson = (path: string): any => JSON.parse(readFileSync(path, 'utf8'))

test('init writes a service into a new folder, and says what to do next', async (t) => {
  const shop = folder(t, {})('shop')
  const { code, out, err } = await peerkitHere('init', shop)
  t.same([code, err], [0, ''])
  t.match(out, /^wrote shop in TypeScript: package\.json, .*test\/app\.test\.ts, pki\nnext:\n {2}cd .*shop\n {2}npm install\n/)
  t.same(readdirSync(shop).sort(), [
    '.gitignore', 'README.md', 'app.ts', 'package.json', 'pki', 'rules.yaml', 'server.ts', 'test', 'tsconfig.json'
  ])
  t.match(readFileSync(join(shop, '.gitignore'), 'utf8'), /^pki\/$/m, 'keys stay out of the repository')
  for (const name of readdirSync(join(shop, 'pki')).filter((one) => one.endsWith('.key'))) {
    t.equal(statSync(join(shop, 'pki', name)).mode & 0o077, 0, `only the owner reads ${name}`)
  }
  const { scripts, dependencies, devDependencies } = readJson(join(shop, 'package.json'))
  t.same(Object.keys(scripts), ['start', 'test', 'types', 'rules', 'certs'])
  t.match(scripts.certs, /^peerkit ca init --dir pki .* && peerkit cert issue --dir pki --out pki\/server .* && peerkit crl /)
  const { version } = readJson(join(import.meta.dirname, '../package.json'))
  for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies })) {
    if (name.startsWith('@peerkit/')) t.equal(range, `^${version}`, name)
    else t.equal(range, VERSIONS[name], name)
  }
})

test('init --js writes JavaScript', async (t) => {
  const shop = folder(t, {})('shop')
  const { code, out } = await peerkitHere('init', shop, '--js', '--name', '@example/shop', '--json')
  t.equal(code, 0)
  const { name, files, replaced } = JSON.parse(out)
  t.same([name, replaced], ['@example/shop', []])
  t.same(files.filter((file: string) => /\.ts$|tsconfig/.test(file)), [])
  t.same(Object.keys(readJson(join(shop, 'package.json')).devDependencies).filter((one) => /types|typescript/.test(one)), [])
})

test('init without a folder writes into the current one, which may be a new repository', async (t) => {
  const shop = folder(t, {})('shop')
  mkdirSync(join(shop, '.git'), { recursive: true })
  const before = process.cwd()
  process.chdir(shop)
  t.teardown(() => { process.chdir(before) })
  const { code, out } = await peerkitHere('init')
  t.equal(code, 0)
  t.match(out, /\nnext:\n {2}npm install\n/)
})

test('init replaces nothing without --force, and names what it replaces', async (t) => {
  const file = folder(t, { 'shop/app.ts': 'mine', 'shop/notes.txt': 'mine', 'shop/test/app.test.ts': 'mine' })
  const refused = await peerkitHere('init', file('shop'))
  t.match(refused, { code: 2, err: /DIR is ".*shop": found app\.ts, notes\.txt, test, test\/app\.test\.ts; expected an empty folder, or --force\n/ })
  t.same(readdirSync(file('shop')).sort(), ['app.ts', 'notes.txt', 'test'], 'nothing was written')
  const { code, out } = await peerkitHere('init', file('shop'), '--force')
  t.equal(code, 0)
  t.match(out, /\nreplaced: app\.ts, test\/app\.test\.ts\n/)
  t.equal(readFileSync(file('shop/notes.txt'), 'utf8'), 'mine')
  t.match((await peerkitHere('init', file('shop'), '--force')).out, /\nreplaced: package\.json, .*, pki\n/)
})

test('of a folder with many files, init names the first', async (t) => {
  const file = folder(t, Object.fromEntries(Array.from('abcdefgh', (name) => [`shop/${name}`, ''])))
  t.match((await peerkitHere('init', file('shop'))).err, /found a, b, c, d, e and 3 more; expected an empty folder/)
})

test('init refuses what it cannot use, and writes nothing', async (t) => {
  const file = folder(t, { 'a file': '' })
  symlinkSync(file('nothing'), file('link'))
  const wrong: ReadonlyArray<[string[], RegExp]> = [
    [[file('Shop')], /the folder is "Shop", which cannot be the name of a package; give --name: at most 214 lower-case/],
    [[file('shop'), '--name', 'Shop'], /--name is "Shop"; expected at most 214 lower-case letters/],
    [[file('shop'), '--name', '.shop'], /--name is "\.shop"/],
    [[file('shop'), '--name', '../shop'], /--name is "\.\.\/shop"/],
    [[file('shop'), '--name', 'a'.repeat(215)], /--name is "a+"/],
    [[file('node_modules')], /the folder is "node_modules"/],
    [[file('a file'), '--name', 'shop'], /DIR is ".*a file": found a file; expected a folder/],
    [[file('link')], /DIR is ".*link": it cannot be made \(E[A-Z]+\); expected a folder/],
    [[file('link/shop')], /DIR is ".*link\/shop": it cannot be made \(E[A-Z]+\); expected a folder/],
    [[file('a file/shop')], /DIR is ".*a file\/shop": .*; expected a folder/],
    // Node's own recursive mkdir never ends there.
    [['/proc/shop'], /DIR is "\/proc\/shop": it cannot be made \(E[A-Z]+\)/],
    [['', '--name', 'shop', '--force'], /DIR is empty; expected a folder, or no DIR for this one/],
    [[file('shop'), '--typescript'], /unknown option --typescript for peerkit init; expected one of --name --js/],
    [[file('shop'), '--forse'], /did you mean --force\?/],
    [[file('shop'), file('other')], /found 2 times DIR \(.*\); peerkit init accepts 1/]
  ]
  for (const [args, message] of wrong) {
    const { code, out, err } = await peerkitHere('init', ...args)
    t.same([code, out], [2, ''], args.join(' '))
    t.match(err, message)
  }
  t.same(readdirSync(file('.')), ['a file', 'link'])
})

test('the packages of a new project are those that the suite is tested with', async (t) => {
  const { devDependencies } = readJson(join(import.meta.dirname, '../../../package.json'))
  for (const [name, range] of Object.entries(VERSIONS)) {
    const major = /^\^(\d+)\./.exec(range)?.[1]
    t.equal(/^(\d+)\./.exec(devDependencies[name])?.[1], major, name)
  }
})

test('init is a command like others', async (t) => {
  const shop = folder(t, {})('shop')
  t.match(await peerkit('init', shop, '--js'), { code: 0, err: '' })
  t.ok(existsSync(join(shop, 'server.js')))
  writeFileSync(join(shop, 'x'), '')
  t.match(await peerkit('init', shop, '--js', '--json'), { code: 2, out: /"exitCode": 2/ })
})
