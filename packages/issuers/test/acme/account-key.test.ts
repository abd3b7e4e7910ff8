import { execFile } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { loadAccountKey } from '../../src/acme/account-key.ts'
import { makeKey } from './support/world.ts'

const run = promisify(execFile)

test('a key is made once, for its owner only', async (t) => {
  const folder = t.testdir({})
  const keyFile = join(folder, 'account.pem')
  const { thumbprint } = await loadAccountKey({ keyFile }, 'account')
  t.equal(statSync(keyFile).mode & 0o777, 0o600)
  t.same(readdirSync(folder), ['account.pem'], 'no draft stays')
  t.equal(createPrivateKey(readFileSync(keyFile)).asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.equal((await loadAccountKey({ keyFile }, 'account')).thumbprint, thumbprint)
  chmodSync(keyFile, 0o400)
  t.equal((await loadAccountKey({ keyFile }, 'account')).thumbprint, thumbprint)
})

test('calls and processes that start together use one key', async (t) => {
  const folder = t.testdir({})
  const keyFile = join(folder, 'account.pem')
  const signers = await Promise.all(Array.from({ length: 20 }, async () => await loadAccountKey({ keyFile }, 'account')))
  t.equal(new Set(signers.map(({ thumbprint }) => thumbprint)).size, 1)

  const other = join(folder, 'other.pem')
  const source = `
    import { loadAccountKey } from ${JSON.stringify(join(import.meta.dirname, '../../src/acme/account-key.ts'))}
    console.log((await loadAccountKey({ keyFile: ${JSON.stringify(other)} }, 'account')).thumbprint)`
  const args = ['--conditions=@peerkit/source', '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source]
  const found = await Promise.all(Array.from({ length: 4 }, async () => (await run(process.execPath, args, { cwd: import.meta.dirname })).stdout))
  t.equal(new Set(found).size, 1)
  t.match(found[0], /^[\w-]{43}\n$/)
  t.same(readdirSync(folder).sort(), ['account.pem', 'other.pem'])
})

test('a file that others may read or change is refused', async (t) => {
  const folder = t.testdir({})
  const keyFile = join(folder, 'account.pem')
  await loadAccountKey({ keyFile }, 'account')
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o644]) {
    chmodSync(keyFile, mode)
    t.match(await rejection(loadAccountKey({ keyFile }, 'account')), {
      code: 'MTLS_ERR_ISSUER_OPTION', message: new RegExp(`account\\.keyFile ".*account\\.pem" has the mode 0${mode.toString(8)}: others may read or change it; expected 0600 or 0400`)
    })
  }
  chmodSync(keyFile, 0o600)
  const link = join(folder, 'link.pem')
  symlinkSync(keyFile, link)
  t.ok(await loadAccountKey({ keyFile: link }, 'account'), 'the file behind a link counts')
  chmodSync(keyFile, 0o644)
  t.match(await rejection(loadAccountKey({ keyFile: link }, 'account')), { message: /has the mode 0644/ })
})

test('a file that is half written, empty, no key or no file is refused, and stays as it is', async (t) => {
  const pem = makeKey().export({ type: 'pkcs8', format: 'pem' }) as string
  const secret = makeKey().export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' }) as string
  const folder = t.testdir({})
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  const p224 = generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const cases: ReadonlyArray<readonly [string, RegExp]> = [
    [pem.slice(0, 80), /is PEM that is no private key, or has a passphrase; expected a private key on P-256/],
    ['', /is nothing \(an empty file or text\); expected/],
    ['hello', /expected a private key on P-256, P-384 or P-521, or of RSA with at least 2,048 bits, in PEM/],
    [secret, /or has a passphrase/],
    [p224, /a private key of type ec \(secp224r1\); expected/],
    [short, /a private key of type rsa \(1024 bits\)/],
    [ed25519, /a private key of type ed25519; expected/],
    ['x'.repeat(70_000), /found 70000 bytes \(at most 65536\); expected a file with a private key in PEM/]
  ]
  for (const [content, message] of cases) {
    const keyFile = write('account.pem', content)
    const error = await rejection(loadAccountKey({ keyFile }, 'account'))
    t.match(error, { code: 'MTLS_ERR_ISSUER_OPTION', message })
    t.notMatch(error.message, /hello|BEGIN|MII/, 'it is not quoted')
    t.equal(readFileSync(keyFile, 'utf8'), content)
  }
  mkdirSync(join(folder, 'dir'))
  t.match(await rejection(loadAccountKey({ keyFile: join(folder, 'dir') }, 'account')), { message: /found a directory; expected a file/ })
  t.match(await rejection(loadAccountKey({ keyFile: join(folder, 'none/account.pem') }, 'account')), {
    code: 'MTLS_ERR_ISSUER_OPTION', message: /account\.keyFile ".*account\.pem" cannot be made: ENOENT; expected a folder that this process may write to: ".*none"/
  })
})
