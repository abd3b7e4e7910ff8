// Keys in tokens of SoftHSM2, through the PKCS#11 engine of OpenSSL: on the oldest Node, on this one and on the newest.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { freePort } from './free-port.ts'
import { requireFile, requireTool } from './require-tool.ts'
import { findOtherNodes, findWebcryptoP11 } from './softhsm/nodes.ts'
import { readRecipe } from './softhsm/recipe.ts'

requireTool('softhsm2-util')
requireTool('pkcs11-tool')
requireTool('openssl')
requireTool('curl')
const ARCHES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
requireFile('the PKCS#11 engine of OpenSSL', [`/usr/lib/${ARCHES[process.arch] ?? ''}-linux-gnu/engines-3/pkcs11.so`, '/usr/lib64/engines-3/pkcs11.so'])
const MODULE = requireFile('libsofthsm2.so', ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'])

const PIN = 'Z3kr1t-pin'
const SCRIPT = join(import.meta.dirname, 'softhsm/run-scenario.ts')
const P11_FOLDER = findWebcryptoP11()
const NODES = [{ version: 'this', path: process.execPath }, ...findOtherNodes()]

interface Ran { readonly result: Record<string, unknown>, readonly stderr: string }

/** Runs a scenario in a process of its own. The PIN goes to it in a file, so that nothing else can show it. */
async function run (t: Test, name: string, node: string = process.execPath, flags: readonly string[] = []): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'softhsm-'))
  t.teardown(async () => { await rm(folder, { recursive: true, force: true }) })
  await writeFile(join(folder, 'pin'), PIN)
  const { stdout, stderr } = await promisify(execFile)('env', [
    `P11_FOLDER=${P11_FOLDER ?? ''}`,
    // tap loads itself into every process that is spawned. This is another version of Node.
    'NODE_OPTIONS=', node, '--conditions=@peerkit/source', ...flags, SCRIPT, name, folder, MODULE
  ])
  t.notMatch(stdout + stderr, PIN, 'the PIN is shown nowhere')
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
  t.equal(result['isPinShown'], false, 'neither in the environment nor in the arguments')
  return { result, stderr }
}

const REFUSED = 'MTLS_ERR_CREDENTIALS_REFUSED'
const UNAVAILABLE = 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'

for (const { version, path } of NODES) {
  test(`Node: ${version}`, async (t) => {
    const [connections, rotation, wrongPin] = await Promise.all(['connections', 'rotation', 'wrongPin'].map(async (name) => {
      return await run(t, name, path)
    })) as [Ran, Ran, Ran]
    const { isPinShown: _, ...answers } = connections.result
    t.same(answers, Object.fromEntries(['EC:prime256v1', 'rsa:2048'].flatMap((kind) => ['TLSv1.2', 'TLSv1.3'].flatMap((tls) => [
      [`${kind} ${tls} http/1.1`, 'orders by HTTP/1.1'], [`${kind} ${tls} h2`, 'orders by HTTP/2.0']
    ]))), 'keys in the token on both sides')
    t.match(rotation.result, {
      presented: ['CN=first', 'CN=second', 'CN=in memory', 'CN=third', 'CN=first', 'CN=first'],
      refused: `${REFUSED} key_mismatch`,
      stillOpen: 'HTTP/1.1 200 OK',
      generation: 5
    }, 'rotation between keys in the token and in memory')
    t.match(wrongPin.result, {
      direct: `${UNAVAILABLE} pin`, files: `${UNAVAILABLE} timeout`, provided: `${UNAVAILABLE} pin`, issued: `${UNAVAILABLE} pin`, right: 'no error'
    }, 'a wrong PIN, tried by every source')
    t.equal(wrongPin.stderr.split('Login failed').length - 1, 1, 'the engine says each attempt: there is one')
  })
}

test('files of the certificate, with a key in the token', async (t) => {
  const { result } = await run(t, 'files')
  t.match(result, {
    changes: ['rotated', 'rotated', 'refused key_mismatch', 'rotated'],
    kept: 'renewed',
    second: 'again',
    gone: `${UNAVAILABLE} token`,
    afterGone: 'again',
    key: 'none',
    uri: 'pkcs11:token=ledger%20service;object=tls;id=%01;type=private'
  })
  t.same(result['asked'], [1, 1], 'new CAs need no PIN')
})

test('what is not there, is not alone, or is something else', async (t) => {
  const { result } = await run(t, 'objects')
  t.match(result, {
    byLabel: 'no error',
    byId: 'no error',
    missingObject: `${UNAVAILABLE} token`,
    missingToken: `${UNAVAILABLE} token`,
    twoTokens: `${UNAVAILABLE} token`,
    otherKey: `${REFUSED} key_mismatch`,
    otherType: `${REFUSED} key_mismatch`,
    otherTypeBack: `${REFUSED} key_mismatch`,
    twins: [`${REFUSED} key_mismatch`, 'no error'],
    twinsById: ['no error', 'no error'],
    secondModule: `${UNAVAILABLE} module`,
    privateKeyIdentifier: 'pkcs11:token=ledger%20service;object=ec;id=%01;type=private'
  })
})

test('a token that is pulled out', async (t) => {
  const { result } = await run(t, 'pulled')
  t.match(result, { before: 'caller by HTTP/1.1', during: 'refused', refresh: `${UNAVAILABLE} token`, state: 'failing', presents: 'tls' })
})

test('a file that is no module, and variables of others', async (t) => {
  const [noModule, ownVariables] = await Promise.all([run(t, 'noModule'), run(t, 'ownVariables')])
  t.match(noModule.result, { problem: `${UNAVAILABLE} module` })
  t.match(ownVariables.result, { problem: 'no error', after: '/usr/lib/none.so' })
})

if (P11_FOLDER !== undefined) {
  test('certificates are issued and renewed for a key in the token', async (t) => {
    const [renewing, wrongPin] = await Promise.all([run(t, 'renewing'), run(t, 'wrongPinOfIssuer')])
    const expected = {
      requests: ['subject=CN = ledger', 'subject=CN = ledger'],
      names: ['renewed 1', 'renewed 2'],
      isSameKey: true,
      missing: `${UNAVAILABLE} token`,
      answer: 'renewed 2 by HTTP/1.1'
    }
    t.match(renewing.result, { 'EC:prime256v1': expected, 'rsa:2048': expected })
    t.match(wrongPin.result, { issued: `${UNAVAILABLE} pin`, direct: `${UNAVAILABLE} pin` })
    t.notMatch(wrongPin.stderr, 'Login failed', 'the engine did not try the PIN that the issuer tried')
  })
}

test('the recipe of docs/hardware-keys.md', async (t) => {
  const { setUp, server, start, call, renew } = await readRecipe()
  const port = String(await freePort())
  // In the repository, so that the packages are found.
  const folder = t.testdir({})
  const env = { ...process.env, NODE_OPTIONS: '' }
  await promisify(execFile)('bash', ['-euc', setUp.join('\n')], { cwd: folder, env })
  await writeFile(join(folder, 'ledger/server.js'), server.replace('8443', port))
  await writeFile(join(folder, 'ledger/package.json'), '{ "type": "module" }')
  t.equal(start.trim(), 'node server.js')
  const service = spawn('env', [
    `SOFTHSM2_CONF=${join(folder, 'ledger/softhsm2.conf')}`, 'NODE_OPTIONS=--conditions=@peerkit/source', process.execPath, 'server.js'
  ], { cwd: join(folder, 'ledger'), stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { service.kill() })
  let log = ''
  const says = async (text: string): Promise<void> => {
    while (!log.includes(text)) log += String((await once(service.stdout, 'data') as [Buffer])[0])
  }
  await says('Server listening')
  const { stdout } = await promisify(execFile)('bash', ['-euc', call.replace('8443', port)], { cwd: join(folder, 'ledger'), env })
  t.match(stdout, /^hello CN=orders/)
  await promisify(execFile)('bash', ['-euc', renew], { cwd: join(folder, 'ledger'), env })
  await says('new credentials in force')
  t.notMatch(log + stdout, '12345678', 'the PIN is in no log')
})
