import { createDevCa, type DevCa, type IssuedCertificate } from '@peerkit/dev-ca'
import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { createOcspStapler, crlChecker, ocspChecker, verifyOcspResponse, type OcspCheckerOptions } from '@peerkit/revocation'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const ca = await createDevCa()
const issuer = parsePeerIdentity(ca.der)
const good = await ca.issue({ cn: 'good' })
const revoked = await ca.issue({ cn: 'revoked' })
const absent = await ca.issue({ cn: 'absent' })

interface Signer { readonly cert: string, readonly key: string }
const own: Signer = { cert: ca.certificate, key: ca.key }

/** Starts `openssl ocsp` over an index with the good and the revoked certificate. */
async function respond (test: Test, signer: Signer, ...args: string[]): Promise<string> {
  const folder = test.testdir({ 'ca.pem': ca.certificate, 'signer.pem': signer.cert, 'signer.key': signer.key, 'index.txt': writeIndex() })
  const file = (name: string): string => join(folder, name)
  const child = spawn(openssl, ['ocsp', '-port', '0', '-index', file('index.txt'), '-CA', file('ca.pem'), '-rsigner', file('signer.pem'), '-rkey', file('signer.key'), ...args])
  test.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /ACCEPT .*:(\d+)/.exec(line)?.[1]
    if (port !== undefined) return `http://127.0.0.1:${port}/`
  }
  throw new Error('openssl ocsp did not start')
}

/** The text database of `openssl ca`: status, end, revocation and reason, serial, file, name. */
function writeIndex (): string {
  const end = '400101000000Z'
  return `V\t${end}\t\t${good.serialNumber.toUpperCase()}\tunknown\t/CN=good\nR\t${end}\t260102030405Z,keyCompromise\t${revoked.serialNumber.toUpperCase()}\tunknown\t/CN=revoked\n`
}

function identify (certificate: IssuedCertificate): PeerIdentity {
  return parsePeerIdentity(certificate.der)
}

async function ask (test: Test, options: OcspCheckerOptions): Promise<unknown[]> {
  const checker = ocspChecker(options)
  test.teardown(() => checker.close())
  return await Promise.all([good, revoked, absent].map(async (certificate) => await checker.check(identify(certificate), issuer)))
}

const expected = [{ state: 'good', source: 'ocsp' }, { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }, { state: 'unknown', why: 'ocsp_unknown' }]

t.test('a responder that signs with the CA\'s key is believed, with either hash, with a nonce and without', async (test) => {
  const urls = await respond(test, own, '-nmin', '5')
  for (const options of [{}, { nonce: 'required' }, { nonce: 'none' }, { hash: 'sha256', nonce: 'required' }] as const) test.match(await ask(test, { urls, ...options }), expected)
})

t.test('so is one that names no nextUpdate, one by key, and one the CA delegated to', async (test) => {
  const delegate = await ca.issue({ cn: 'responder', extendedKeyUsage: [OCSP_SIGNING] })
  const rsa = await ca.issue({ cn: 'responder', extendedKeyUsage: [OCSP_SIGNING], key: 'rsa-2048' })
  test.match(await ask(test, { urls: await respond(test, own) }), expected)
  test.match(await ask(test, { urls: await respond(test, own, '-resp_key_id', '-nmin', '5') }), expected)
  test.match(await ask(test, { urls: await respond(test, delegate, '-nmin', '5') }), expected)
  test.match(await ask(test, { urls: await respond(test, rsa, '-nmin', '5', '-rmd', 'sha512') }), expected)
})

t.test('one that signs with a client\'s certificate, or with that of another CA of this name, is not', async (test) => {
  const client = await ca.issue({ cn: 'client' })
  const foreign = await (await createDevCa()).issue({ cn: 'responder', extendedKeyUsage: [OCSP_SIGNING] })
  for (const [signer, detail] of [
    [client, /^OCSP response refused: the signer CN=client .* has no extended key usage OCSPSigning$/],
    [foreign, /^OCSP response refused: the certificate of the signer /]
  ] as const) {
    const answers = await ask(test, { urls: await respond(test, signer, '-nmin', '5') })
    test.match(answers, Array(3).fill({ state: 'unknown', why: 'ocsp_invalid', detail }))
  }
})

t.test('its answer is stapled, and `openssl` agrees that it is one', async (test) => {
  const stapler = createOcspStapler({ certificate: identify(good), issuer, url: await respond(test, own, '-nmin', '5') })
  test.teardown(() => stapler.close())
  await stapler.refresh()
  const response = stapler.response ?? Buffer.alloc(0)
  test.match(verifyOcspResponse(response, identify(good), issuer), { state: 'good' })
  const folder = test.testdir({ 'ca.pem': ca.certificate, 'good.pem': good.cert })
  writeFileSync(join(folder, 'response.der'), response)
  const text = execFileSync(openssl, ['ocsp', '-respin', join(folder, 'response.der'), '-CAfile', join(folder, 'ca.pem'), '-issuer', join(folder, 'ca.pem'), '-cert', join(folder, 'good.pem')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  test.match(text, /good\.pem: good/)
})

t.test('a CRL of `openssl ca` is read, PEM and DER', async (test) => {
  const crl = generateCrl(test, ca)
  const der = execFileSync(openssl, ['crl', '-in', crl, '-outform', 'DER'])
  const pem = execFileSync(openssl, ['crl', '-in', crl], { encoding: 'utf8' })
  for (const input of [der, pem]) {
    const checker = crlChecker({ crls: [input], issuers: [issuer] })
    test.match(checker.check(identify(good), issuer), { state: 'good', source: 'crl' })
    test.match(checker.check(identify(revoked), issuer), { state: 'revoked', reason: 'keyCompromise', revokedAt: Date.UTC(2026, 0, 2, 3, 4, 5) })
    test.equal(checker.lists[0]?.number, 4096n)
    await checker.close()
  }
})

function generateCrl (test: Test, from: DevCa): string {
  const folder = test.testdir({ 'ca.pem': from.certificate, 'ca.key': from.key, 'index.txt': writeIndex(), crlnumber: '1000\n' })
  const file = (name: string): string => join(folder, name)
  writeFileSync(file('ca.conf'), ['[ca]', 'default_ca = own', '[own]', `database = ${file('index.txt')}`, `crlnumber = ${file('crlnumber')}`, 'default_md = sha256', 'crl_extensions = list', '[list]', 'authorityKeyIdentifier = keyid', ''].join('\n'))
  execFileSync(openssl, ['ca', '-config', file('ca.conf'), '-gencrl', '-crldays', '1', '-cert', file('ca.pem'), '-keyfile', file('ca.key'), '-out', file('crl.pem')], { stdio: 'ignore' })
  return file('crl.pem')
}
