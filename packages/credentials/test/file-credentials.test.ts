import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { blockFile, fileCredentials } from '../src/index.ts'
import { makeFolder, nextChange } from './support/world.ts'

test('loads certificate, key, CA and CRL', async (t) => {
  const { paths, ca, folder, write } = await makeFolder(t)
  await write('crl.der', (await ca.crl()).der)
  await write('crl.pem', (await ca.crl()).pem)
  const source = await fileCredentials({ ...paths, ca: [paths.ca], crl: [join(folder, 'crl.der'), join(folder, 'crl.pem')], watch: false })
  t.equal(source.current.identity.subject?.commonName, 'first')
  t.not(source.current.revocation, undefined)
  await source.close()
})

test('stops at a missing file, a folder, or a wrong option, and names it', async (t) => {
  const { paths, folder, write } = await makeFolder(t)
  const load = async (change: object): Promise<unknown> => await fileCredentials({ ...paths, watch: false, ...change } as any)
  await t.rejects(load({ cert: join(folder, 'none.pem') }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /cert \(.*none\.pem\): found no such file; expected a PEM certificate/ })
  await t.rejects(load({ ca: join(folder, 'none.pem') }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /ca \(.*none\.pem\)/ })
  await t.rejects(load({ key: folder }), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /found a directory/ })
  await t.rejects(load({ ca: undefined }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /ca is missing; expected CA certificates, or the option authorities/ })
  await t.rejects(load({ ca: [] }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /ca is an empty list/ })
  await t.rejects(load({ cert: '-----BEGIN CERTIFICATE-----' }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /expected the path of a file/ })
  await t.rejects(load({ key: 'pkcs11:token=ledger;object=tls?pin-value=1234' }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /key is a PKCS#11 URI; expected the path of a file, or \{ pkcs11, module, pin \} for a key in a token$/ })
  await t.rejects(load({ cert: 'pkcs11:token=ledger;object=tls' }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /cert is a PKCS#11 URI; expected the path of a file$/ })
  await t.rejects(load({ key: 7 }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /key is 7/ })
  await t.rejects(load({ pollInterval: 0 }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /pollInterval is 0/ })
  await t.rejects(load({ watchh: true }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /unknown option "watchh" for .*; did you mean "watch"\?/ })
  await write('key.pem', (await (await createDevCa()).issue()).key)
  await t.rejects(load({}), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: /key\.pem/ })
  await write('bad.crl', 'x')
  await write('key.pem', 'x')
  await t.rejects(load({}), { reason: 'unreadable', message: /key \(.*key\.pem\)/ })
})

test('relative paths start where the process was when it opened the files', async (t) => {
  const { paths, folder } = await makeFolder(t)
  const before = process.cwd()
  t.teardown(() => { process.chdir(before) })
  process.chdir(folder)
  await writeFile('block.yaml', 'version: 1\nblock: []')
  const relative = Object.fromEntries(Object.entries(paths).map(([part, path]) => [part, basename(path as string)]))
  const source = await fileCredentials({ ...paths, ...relative, watch: false })
  const block = await blockFile('block.yaml', { watch: false })
  process.chdir(before)
  await source.reload()
  await block.reload()
  await Promise.all([source.close(), block.close()])
})

test('asks a function for the passphrase', async (t) => {
  const { paths, issued, write } = await makeFolder(t)
  const { createPrivateKey } = await import('node:crypto')
  await write('key.pem', createPrivateKey(issued.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' }) as string)
  const source = await fileCredentials({ ...paths, passphrase: async () => 'hunter2', watch: false })
  t.equal(source.current.key, issued.key)
  await source.close()
})

test('takes files that are renamed over, key first or certificate first', async (t) => {
  const { paths, ca, replace } = await makeFolder(t)
  const source = await fileCredentials(paths)
  for (const order of [['key', 'chain'], ['chain', 'key']] as const) {
    const next = await ca.issue({ cn: order.join() })
    const change = nextChange(source)
    for (const part of order) await replace(part === 'key' ? 'key.pem' : 'cert.pem', next[part])
    t.match(await change, { type: 'rotated', trustChanged: false })
    t.equal(source.current.identity.subject?.commonName, order.join())
  }
  await source.close()
})

test('takes files that are rewritten in place', async (t) => {
  const { paths, ca, write } = await makeFolder(t)
  const source = await fileCredentials(paths)
  const next = await ca.issue({ cn: 'in place' })
  const change = nextChange(source)
  await write('key.pem', next.key)
  await write('cert.pem', next.chain)
  t.match(await change, { type: 'rotated' })
  t.equal(source.current.identity.subject?.commonName, 'in place')
  await source.close()
})

test("follows Kubernetes' ..data symlink, again and again", async (t) => {
  const { folder, ca, write } = await makeFolder(t)
  const publish = async (version: string): Promise<void> => {
    const next = await ca.issue({ cn: version })
    await mkdir(join(folder, version))
    await write(join(version, 'tls.crt'), next.chain)
    await write(join(version, 'tls.key'), next.key)
    await write(join(version, 'ca.crt'), ca.root)
    await symlink(version, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  await publish('..v1')
  for (const name of ['tls.crt', 'tls.key', 'ca.crt']) await symlink(join('..data', name), join(folder, name))
  const source = await fileCredentials({ cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') })
  for (const version of ['..v2', '..v3', '..v4']) {
    const change = nextChange(source)
    await publish(version)
    t.match(await change, { type: 'rotated', trustChanged: false }, version)
    t.equal(source.current.identity.subject?.commonName, version)
  }
  await source.close()
})

test('keeps the old while a file is missing, empty or half written, says so, and takes what comes then', async (t) => {
  const { paths, ca, folder, write, replace } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, reportAfter: 50 })
  const next = await ca.issue({ cn: 'next' })
  for (const [what, spoil] of [
    ['missing', async () => { await rm(join(folder, 'cert.pem')) }],
    ['empty', async () => { await truncate(paths.cert) }],
    ['half', async () => { await write('cert.pem', next.chain.slice(0, 200)) }],
    ['other key', async () => { await write('cert.pem', next.chain) }]
  ] as const) {
    const { generation } = source.current
    const refusal = nextChange(source)
    await spoil()
    t.match(await refusal, { type: 'refused', snapshot: { generation } }, what)
    t.equal(source.current.generation, generation)
    const mended = await ca.issue({ cn: `after ${what}` })
    const change = nextRotation(source)
    await replace('key.pem', mended.key)
    await replace('cert.pem', mended.chain)
    await change
    t.equal(source.current.identity.subject?.commonName, `after ${what}`)
  }
  await source.close()

  async function nextRotation (of: typeof source): Promise<void> {
    while ((await nextChange(of)).type !== 'rotated') { /* the next one */ }
  }
})

test('a CRL and a CA that change move the trust epoch', async (t) => {
  const { paths, ca, folder, replace, write } = await makeFolder(t)
  await write('crl.pem', (await ca.crl()).pem)
  const source = await fileCredentials({ ...paths, crl: join(folder, 'crl.pem') })
  let change = nextChange(source)
  await replace('crl.pem', (await ca.crl()).pem)
  t.match(await change, { type: 'rotated', trustChanged: true, snapshot: { trustEpoch: 2 } })
  change = nextChange(source)
  await replace('ca.pem', ca.root + (await createDevCa()).root)
  t.match(await change, { type: 'rotated', trustChanged: true, snapshot: { trustEpoch: 3 } })
  t.equal(source.current.anchors.length, 2)
  await source.close()
})

test('a refused CRL keeps the old list', async (t) => {
  const { paths, ca, folder, replace, write } = await makeFolder(t)
  await write('crl.pem', (await ca.crl()).pem)
  const source = await fileCredentials({ ...paths, crl: join(folder, 'crl.pem'), reportAfter: 1 })
  const change = nextChange(source)
  await replace('crl.pem', (await (await createDevCa()).crl()).pem)
  t.match(await change, { type: 'refused', error: { reason: 'crl' } })
  t.equal(source.current.trustEpoch, 1)
  await source.close()
})

test('a CRL that is older than the current one is refused, one of today with a lower number is not', async (t) => {
  const { paths, ca, folder, replace, write } = await makeFolder(t)
  const { der, serialNumber } = await ca.issue({ cn: 'stolen' })
  const stolen = parsePeerIdentity(der)
  const stateOf = async (): Promise<string | undefined> => (await source.current.revocation?.check(stolen, source.current.anchors[0]))?.state
  const minutesAgo = (minutes: number): { thisUpdate: Date } => ({ thisUpdate: new Date(Date.now() - minutes * 60_000) })
  const before = (await ca.crl(minutesAgo(10))).pem
  ca.revoke(serialNumber)
  await write('crl.pem', (await ca.crl(minutesAgo(5))).pem)
  const source = await fileCredentials({ ...paths, crl: join(folder, 'crl.pem'), reportAfter: 1 })
  t.equal(await stateOf(), 'revoked')
  let change = nextChange(source)
  await replace('crl.pem', before)
  t.match(await change, { type: 'refused', error: { reason: 'crl', message: /is older than the current one, of / } })
  t.equal(await stateOf(), 'revoked')
  await t.rejects(source.reload(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' })
  change = nextChange(source)
  const beside = await ca.crl({ ...minutesAgo(4), number: 0 })
  await replace('crl.pem', before + beside.pem)
  t.match(await change, { type: 'rotated', trustChanged: true })
  t.match(source.current.revocation, { lists: { length: 2 } })
  await source.close()
})

test('a file that lost the CRL of a CA is refused as long as that CA is trusted', async (t) => {
  const { paths, ca, folder, replace, write } = await makeFolder(t)
  const other = await createDevCa({ name: 'Other' })
  await write('ca.pem', ca.root + other.root)
  const first = (await ca.crl()).pem
  await write('crl.pem', first + (await other.crl()).pem)
  const source = await fileCredentials({ ...paths, crl: join(folder, 'crl.pem'), reportAfter: 1 })
  let change = nextChange(source)
  await replace('crl.pem', first)
  t.match(await change, { type: 'refused', error: { reason: 'crl', message: /the CRL of CN=Other.* is missing, though its CA is still trusted/ } })
  t.match(source.current.revocation, { lists: { length: 2 } })
  change = nextChange(source)
  await replace('ca.pem', ca.root)
  t.match(await change, { type: 'rotated', snapshot: { revocation: { lists: { length: 1 } } } })
  await source.close()
})

test('a touched file is no rotation', async (t) => {
  const { paths, ca, issued, replace } = await makeFolder(t)
  const source = await fileCredentials(paths)
  const change = nextChange(source)
  await replace('cert.pem', issued.chain)
  const next = await ca.issue({ cn: 'next' })
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.match(await change, { type: 'rotated', snapshot: { generation: 2, identity: { subject: { commonName: 'next' } } } })
  await source.close()
})

test('a writer killed in the middle leaves the old in force', async (t) => {
  const { paths, ca, folder, replace } = await makeFolder(t)
  const source = await fileCredentials({ ...paths, reportAfter: 1 })
  const next = await ca.issue({ cn: 'next' })
  const script = `const fs = require('fs'); const fd = fs.openSync(${JSON.stringify(paths.cert)}, 'w'); fs.writeSync(fd, ${JSON.stringify(next.chain.slice(0, 150))}); console.log('half'); setInterval(() => {}, 1000)`
  const writer = spawn(process.execPath, ['-e', script], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' } })
  const refusal = nextChange(source)
  await once(writer.stdout, 'data')
  writer.kill('SIGKILL')
  await once(writer, 'close')
  t.match(await refusal, { type: 'refused' })
  t.equal(source.current.generation, 1)
  const change = nextChange(source)
  await replace('key.pem', next.key)
  await replace('cert.pem', next.chain)
  t.equal((await change).snapshot.generation >= 1, true)
  await source.close()
})

test('keeps no process alive, and leaves nothing behind when closed', async (t) => {
  const { paths, folder, write } = await makeFolder(t)
  await write('watch.mjs', `
    import { fileCredentials } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
    const source = await fileCredentials(${JSON.stringify(paths)})
    if (process.argv[2] === 'close') {
      await source.close()
      console.log(process.getActiveResourcesInfo().filter((name) => /FSEvent|Timeout/.test(name)).length)
    } else console.log('open')
  `)
  for (const [argument, expected] of [['open', 'open\n'], ['close', '0\n']] as const) {
    const child = spawn(process.execPath, ['--conditions=@peerkit/source', join(folder, 'watch.mjs'), argument], { env: { ...process.env, NODE_OPTIONS: '' } })
    let output = ''
    child.stdout.on('data', (chunk) => { output += chunk })
    child.stderr.on('data', (chunk) => { output += chunk })
    const [code] = await once(child, 'close')
    t.equal(code, 0)
    t.equal(output, expected)
  }
})
