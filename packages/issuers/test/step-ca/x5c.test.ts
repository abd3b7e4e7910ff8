import { createHash, verify, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import { CaseWorld } from '../../src/test/issuer-world.ts'
import { startStepCa } from '../support/stand-in-step-ca.ts'

const read = (part = ''): any => JSON.parse(Buffer.from(part, 'base64url').toString())

test('the token of X5C', async (t) => {
  const world = await CaseWorld.create()
  const server = await startStepCa(world)
  t.teardown(server.close)
  const folder = t.testdir()
  const paths = { cert: join(folder, 'host.pem'), key: join(folder, 'host.key') }
  const root = join(folder, 'root.pem')
  writeFileSync(root, server.root)
  const ca = await (await createDevCa()).intermediate()
  const issue = async (clock = world.clock.now) => {
    const x5c = { ...paths, provisioner: 'fleet' }
    const issuer = stepCaIssuer({ url: server.url, root, names: { dns: ['a.example', 'b.example'], ip: ['192.0.2.7'] }, enrol: { x5c }, trust: 'roots', clock: clock.bind(world.clock) })
    const source = await renewingCredentials(issuer, { attempts: 1, clock: world.clock })
    t.teardown(async () => { await source.close() })
    return server.received.findLast(({ path }) => path === '/1.0/sign')?.body as { csr: string, ott: string }
  }

  for (const [key, algorithm, hash] of [['ec-p256', 'ES256', 'sha256'], ['ec-p384', 'ES384', 'sha384'], ['rsa-2048', 'RS256', 'sha256'], ['ed25519', 'EdDSA', null]] as const) {
    const host = await ca.issue({ cn: 'host-7', key })
    writeFileSync(paths.cert, host.chain)
    writeFileSync(paths.key, host.key)
    const { csr, ott } = await issue()
    const [header, claims, signature = ''] = ott.split('.')
    t.same(read(header).alg, algorithm)
    const sent = read(header).x5c.map((one: string) => new X509Certificate(Buffer.from(one, 'base64')))
    t.same(sent.length, 2, 'the leaf and its intermediate')
    t.equal(verify(hash, Buffer.from(`${header}.${claims}`), { key: sent[0].publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')), true)
    const { iat, jti, ...rest } = read(claims)
    t.same(rest, {
      iss: 'fleet',
      aud: `${server.url}/1.0/sign#x5c/fleet`,
      sub: 'a.example',
      sans: ['a.example', 'b.example', '192.0.2.7'],
      nbf: iat,
      exp: iat + 300,
      cnf: { 'x5rt#S256': createHash('sha256').update(Buffer.from(csr.replace(/-----.*-----|\s/g, ''), 'base64')).digest('base64url') }
    })
    t.not(read((await issue()).ott.split('.')[1]).jti, jti, 'each token is another one')
  }

  await t.test('what cannot be used is named, and nothing is sent', async (t) => {
    const host = await ca.issue({ cn: 'host-7' })
    const other = await ca.issue({ cn: 'host-8' })
    const files: ReadonlyArray<readonly [cert: string, key: string, message: RegExp]> = [
      ['', host.key, /enrol\.x5c\.cert \(.*host\.pem\): found no certificate; expected PEM certificates/],
      [host.chain, other.key, /enrol\.x5c\.key \(.*host\.key\): found a key of another certificate; expected the key of .*host\.pem/],
      [host.chain, 'secret that is no key', /enrol\.x5c\.key .*found no key that can be read; expected a PEM private key without a passphrase/]
    ]
    const { length } = server.received
    for (const [cert, key, message] of files) {
      writeFileSync(paths.cert, cert)
      writeFileSync(paths.key, key)
      const error: any = await issue().catch((error) => error)
      t.match(error, { cause: { code: 'MTLS_ERR_ISSUER', reason: 'refused', message } })
      t.notMatch(String(error.stack) + String(error.cause.stack), 'secret that')
    }
    writeFileSync(paths.cert, host.chain)
    writeFileSync(paths.key, host.key)
    await t.rejects(issue(() => Date.now() + 30 * 86_400_000), { cause: { message: /found a certificate that ended at .*Z; expected one that is valid/ } })
    const issuer = stepCaIssuer({ url: server.url, root, names: { cn: 'ledger' }, enrol: { x5c: { cert: join(folder, 'none'), key: paths.key, provisioner: 'fleet' } } })
    await t.rejects(renewingCredentials(issuer, { attempts: 1 }), { cause: { message: /enrol\.x5c\.cert \(.*none\): found no such file; expected PEM/ } })
    t.equal(server.received.length, length)
  })
})
