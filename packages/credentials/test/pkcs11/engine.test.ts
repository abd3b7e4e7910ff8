import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { test } from 'tap'
import { findEngineFolder } from '../../src/pkcs11/engine-folder.ts'
import { openInEngine } from '../../src/pkcs11/engine.ts'
import type { EngineQuestion } from '../../src/pkcs11/engine.ts'

const ENGINE = process.platform === 'darwin' ? 'pkcs11.dylib' : 'pkcs11.so'
const where = 'key (pkcs11:…)'
const uri = 'pkcs11:token=t;object=o;type=private'
const pin = Buffer.from('S3cret')

function ask (question: Partial<EngineQuestion>): EngineQuestion {
  return { where, uri, pin, cert: '', engines: undefined, module: '', ...question }
}

test('the folder of the engine', async (t) => {
  const folder = t.testdir({ [ENGINE]: '', empty: {} })
  const empty = join(folder, 'empty')
  t.same(findEngineFolder(folder), { found: folder, searched: [folder] })
  t.same(findEngineFolder(empty), { found: undefined, searched: [empty] })
  delete process.env['OPENSSL_ENGINES']
  t.same(findEngineFolder(undefined, [empty, folder]), { found: folder, searched: [empty, folder] })
  process.env['OPENSSL_ENGINES'] = empty
  t.equal(findEngineFolder(undefined, [folder]).found, undefined, 'the variable counts alone')
  t.equal(findEngineFolder(folder).found, folder, 'the option counts more')
  delete process.env['OPENSSL_ENGINES']
})

test('the engine gets its variables while it is loaded, and the PIN in a file', async (t) => {
  const folder = t.testdir({ [ENGINE]: '', 'module.so': '', 'other.so': '' })
  const [module, other] = [join(folder, 'module.so'), join(folder, 'other.so')]
  process.env['PKCS11_MODULE_PATH'] = '/former.so'
  delete process.env['OPENSSL_ENGINES']

  t.throws(() => openInEngine(ask({ engines: join(folder, 'nowhere'), module })), {
    code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'engine', message: /key \(pkcs11:…\): found no PKCS#11 engine in .*nowhere; expected pkcs11\.so there \(Debian: apt-get install libengine-pkcs11-openssl\)/
  })
  t.throws(() => openInEngine(ask({ engines: folder, module: join(folder, 'missing.so') })), {
    reason: 'module', message: /the module .*missing\.so is missing or cannot be read; expected a PKCS#11 module/
  })
  // An empty file is no engine. The next attempt may have another one, and another module.
  t.throws(() => openInEngine(ask({ engines: folder, module: other })), /could not load the shared library|dso/i)

  const seen: Array<SecureContextOptions & { readonly env: NodeJS.ProcessEnv, readonly file: string }> = []
  const create = (options: SecureContextOptions): ReturnType<typeof createSecureContext> => {
    const [, path = ''] = /\?pin-source=file:(.*)$/.exec(options.privateKeyIdentifier ?? '') ?? []
    seen.push({ ...options, env: { ...process.env }, file: readFileSync(path, 'utf8') })
    if (seen.length === 1) throw new Error('bad certificate')
    if (seen.length === 2) throw Object.assign(new Error('no such object'), { library: 'pkcs11 engine' })
    return createSecureContext()
  }
  // An error of the certificate says nothing of the engine, which may be started with another module.
  t.throws(() => openInEngine(ask({ engines: folder, module: other }), create), { message: 'bad certificate' })
  t.throws(() => openInEngine(ask({ engines: folder, module }), create), { message: 'no such object' })
  openInEngine(ask({ engines: folder, module }), create)
  const [, first, second] = seen
  for (const one of [first, second]) {
    t.match(one, { privateKeyEngine: 'pkcs11', file: 'S3cret', env: { OPENSSL_ENGINES: folder, PKCS11_MODULE_PATH: module } })
  }
  t.notMatch(JSON.stringify([first?.env, first?.privateKeyIdentifier]), /S3cret/)
  t.equal(process.env['PKCS11_MODULE_PATH'], '/former.so')
  t.notOk('OPENSSL_ENGINES' in process.env)
  delete process.env['PKCS11_MODULE_PATH']

  // The engine was there, and has its module now.
  t.throws(() => openInEngine(ask({ engines: folder, module: other }), create), {
    reason: 'module', message: /found the module .*other\.so, and this process uses .*module\.so; expected one module for all keys of a process/
  })
})

test('under the permission model there is no engine', async (t) => {
  const script = `
    import { openPkcs11Key } from ${JSON.stringify(import.meta.resolve('../../src/index.ts'))}
    const key = { pkcs11: 'pkcs11:token=t;object=o', module: '/x.so', pin: () => '1234' }
    const error = await openPkcs11Key(key, process.env.CERT).catch((error) => error)
    console.log(error.code, error.reason, error.message)`
  const { createDevCa } = await import('@peerkit/dev-ca')
  const issued = await (await createDevCa()).issue({ cn: 'ledger' })
  // tap loads itself into every process that is spawned, and needs permissions that this one has not.
  const { stdout } = await promisify(execFile)('env', [
    'NODE_OPTIONS=', process.execPath, '--conditions=@peerkit/source', '--permission', '--allow-fs-read=*', '--input-type=module', '--eval', script
  ], { env: { ...process.env, CERT: issued.chain } })
  t.match(stdout, /^MTLS_ERR_CREDENTIALS_UNAVAILABLE engine .*found the permission model \(--permission\), under which Node loads no engine/)
})

test('a worker is told that OpenSSL does not see its environment', async (t) => {
  const worker = new Worker(`
    import { parentPort } from 'node:worker_threads'
    import { describeMissingEngine } from ${JSON.stringify(import.meta.resolve('../../src/pkcs11/engine.ts'))}
    parentPort.postMessage(describeMissingEngine())`, { eval: true, execArgv: ['--conditions=@peerkit/source', '--input-type=module'] })
  const message: unknown = await new Promise((resolve, reject) => { worker.once('message', resolve).once('error', reject) })
  t.match(message, /a worker with `env: SHARE_ENV`/)
  await worker.terminate()
})
