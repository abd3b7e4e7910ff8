import { createHash } from 'node:crypto'
import { mock } from 'node:test'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { RevocationChecker } from '@peerkit/revocation'
import { dial } from './support/dial.ts'
import { stubChecker } from './support/watched.ts'
import { call, startWorld } from './support/world.ts'
import type { World, WorldOptions } from './support/world.ts'

const fingerprintOf = ({ der }: { readonly der: Uint8Array }): string => createHash('sha256').update(der).digest('hex')

interface Issued {
  readonly chain: string
  readonly key: string
}

/** A server whose log is kept. */
async function startLogged (t: any, options: WorldOptions = {}): Promise<{ world: World; lines: any[] }> {
  const lines: any[] = []
  const stream = {
    write: (line: string) => {
      lines.push(JSON.parse(line))
    }
  }
  const world = await startWorld(t, { ...options, fastify: { logger: { level: 'warn', stream } } })
  return { world, lines }
}

/** The event and the log line of a client that is refused. */
async function refusalOf (
  t: any,
  { world, lines }: { world: World; lines: any[] },
  { chain, key }: Issued
): Promise<{ event: any; line: any }> {
  const dialled = await dial(world, 'HTTP/1.1', { cert: chain, key })
  t.equal(await dialled.ask(), undefined)
  await dialled.close()
  return { event: world.refusals.at(-1), line: lines.at(-1) }
}

test('a refusal names the issuer that is missing, in the event and in the log', async (t) => {
  const logged = await startLogged(t)
  const issuing = await logged.world.ca.intermediate({ name: 'Issuing' })
  const deep = await issuing.issue({ cn: 'deep', profile: 'client' })
  const { event, line } = await refusalOf(t, logged, { chain: deep.cert, key: deep.key })
  const certificate = { subject: 'CN=deep', serialNumber: deep.serialNumber, fingerprint256: /^[0-9a-f]{64}$/ }
  const message =
    /^CN=deep \(sha256:[0-9a-f]{16}\) has no path to a trust anchor: its issuer CN=Issuing.*was not sent/
  t.match(event, {
    reason: 'unknown_ca',
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    detail: { step: 'unknown_ca', message, certificate }
  })
  t.match(line, {
    reason: 'unknown_ca',
    step: 'unknown_ca',
    detail: message,
    certificate,
    hint: /intermediates/,
    msg: 'mTLS handshake refused'
  })
})

test('a CA whose extended key usage is for servers is blamed by itself, and not the leaf', async (t) => {
  const logged = await startLogged(t)
  const serverAuth = { oid: '2.5.29.37', value: Buffer.from('300a06082b06010505070301', 'hex') }
  const issuing = await logged.world.ca.intermediate({ name: 'Servers', extensions: [serverAuth] })
  const { event, line } = await refusalOf(t, logged, await issuing.issue({ cn: 'client', profile: 'client' }))
  t.match(event, {
    reason: 'wrong_purpose',
    detail: {
      step: 'wrong_purpose',
      message: /^CN=Servers.*does not allow clientAuth by its extendedKeyUsage$/,
      certificate: { subject: /CN=Servers/ }
    }
  })
  t.match(line, { reason: 'wrong_purpose', step: 'wrong_purpose', certificate: { subject: /CN=Servers/ } })
})

test('why nothing is known of a revocation is said: no list, a list that ended, and of which CA', async (t) => {
  const ca = await createDevCa()
  const issuing = await ca.intermediate({ name: 'Issuing' })
  const lists = await startLogged(t, { ca, crl: true })
  const first = await refusalOf(t, lists, await issuing.issue({ cn: 'deep', profile: 'client' }))
  t.match(first.event, {
    reason: 'revocation_unknown',
    detail: {
      step: 'revocation_unknown',
      why: 'no_crl',
      message: /CN=deep.* may be revoked: .*CN=Issuing/,
      certificate: { subject: 'CN=deep' }
    }
  })
  t.match(first.line, { reason: 'revocation_unknown', why: 'no_crl', detail: /CN=Issuing/ })
  const revocation = stubChecker(() => ({
    state: 'unknown',
    why: 'crl_expired',
    detail: 'the CRL of CN=Root ended on 2026-01-01'
  }))
  const asked = await startLogged(t, { ca, settings: { revocation } })
  const second = await refusalOf(t, asked, await ca.issue({ cn: 'client', profile: 'client' }))
  t.match(second.event.detail, {
    step: 'revocation_unknown',
    why: 'crl_expired',
    message: /^CN=client.* may be revoked: the CRL of CN=Root ended on 2026-01-01$/
  })
  t.match(second.line, { why: 'crl_expired', detail: /ended on 2026-01-01$/ })
})

test('a revoked intermediate is named, and why it was revoked', async (t) => {
  const ca = await createDevCa()
  const issuing = await ca.intermediate({ name: 'Issuing' })
  const revocation = stubChecker(({ subject }) =>
    String(subject?.commonName) === 'Issuing'
      ? { state: 'revoked', source: 'crl', reason: 'cACompromise', revokedAt: 1 }
      : { state: 'good', source: 'crl', until: Infinity }
  )
  const logged = await startLogged(t, { ca, settings: { revocation } })
  const { event } = await refusalOf(t, logged, await issuing.issue({ cn: 'deep', profile: 'client' }))
  t.match(event, {
    reason: 'revoked',
    peer: { subject: { commonName: 'deep' } },
    detail: {
      step: 'revoked',
      message: /^CN=Issuing.*is revoked \(cACompromise\)$/,
      certificate: { subject: /CN=Issuing/ }
    }
  })
})

test('an open connection that ends says the same', async (t) => {
  const logged = await startLogged(t, { crl: true })
  const { world, lines } = logged
  const dialled = await dial(world, 'HTTP/1.1', { cert: world.client.chain, key: world.client.key })
  t.equal(await dialled.ask(), 200)
  world.ca.revoke(world.client, { reason: 'keyCompromise' } as any)
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  t.equal(await dialled.ask(), 401)
  await dialled.close()
  t.match(world.ended, [
    {
      reason: 'revoked',
      detail: {
        step: 'revoked',
        message: /^CN=client.*is revoked/,
        certificate: { subject: 'CN=client', serialNumber: world.client.serialNumber }
      }
    }
  ])
  t.match(lines.at(-1), {
    reason: 'revoked',
    step: 'revoked',
    detail: /^CN=client.*is revoked/,
    certificate: { subject: 'CN=client' },
    msg: 'mTLS connection no longer accepted'
  })
})

test('ten refusals of strangers are explained each second, and ten others; the rest say OpenSSL\'s code', async (t) => {
  const clock = mock.method(performance, 'now', () => 5_000)
  t.after(() => { clock.mock.restore() })
  const logged = await startLogged(t)
  const stranger = await (await createDevCa({ name: 'Elsewhere' })).issue({ cn: 'stranger', profile: 'client' })
  const expired = { notBefore: new Date(Date.now() - 2e9), notAfter: new Date(Date.now() - 1e9) }
  const late = await logged.world.ca.issue({ cn: 'late', profile: 'client', ...expired })
  for (const [client, step, code] of [
    [stranger, 'unknown_ca', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [late, 'expired', 'CERT_HAS_EXPIRED']
  ] as const) {
    logged.world.refusals.length = 0
    for (let count = 0; count < 11; count += 1) await refusalOf(t, logged, client)
    const steps = logged.world.refusals.map(({ detail }) => detail.step)
    t.strictSame(steps, [...Array(10).fill(step), code])
    t.match(logged.world.refusals[10], {
      code,
      peer: { subject: { commonName: client === stranger ? 'stranger' : 'late' } },
      fingerprint256: fingerprintOf(client),
      detail: { message: new RegExp(`^OpenSSL refused the certificate or its chain: ${code}`) }
    })
    const { certificate, message } = logged.world.refusals[10].detail
    // That a certificate has ended may be said of any certificate of the chain.
    if (client === stranger) t.match(certificate, { subject: 'CN=stranger', fingerprint256: fingerprintOf(stranger) })
    else t.match([certificate, message], [undefined, /the certificate at fault was not determined/])
  }
})

test('strangers whose certificate has ended use up no explanation of others, and thirty are made a second', async (t) => {
  let time = 5_000
  const clock = mock.method(performance, 'now', () => time)
  t.after(() => { clock.mock.restore() })
  const logged = await startLogged(t)
  const { refusals, ca } = logged.world
  const past = { notBefore: new Date(Date.now() - 2e9), notAfter: new Date(Date.now() - 1e9) }
  const stranger = await (await createDevCa({ name: 'Elsewhere' })).issue({ cn: 'stranger', profile: 'client', ...past })
  const late = await ca.issue({ cn: 'late', profile: 'client', ...past })
  for (let count = 0; count < 25; count += 1) await refusalOf(t, logged, stranger)
  t.match((await refusalOf(t, logged, late)).event, { reason: 'expired', detail: { step: 'expired' } })
  t.ok(refusals.slice(0, 25).every(({ reason }) => reason === 'unknown_ca'))
  for (let count = 26; count < 30; count += 1) await refusalOf(t, logged, stranger)
  t.match((await refusalOf(t, logged, late)).event, { reason: 'expired', detail: { step: 'CERT_HAS_EXPIRED' } })
  time += 1_000
  t.match((await refusalOf(t, logged, late)).event, { reason: 'expired', detail: { step: 'expired' } })
})

test('a stranger whose certificate has ended, or does not begin yet, is told as a stranger', async (t) => {
  const logged = await startLogged(t)
  const elsewhere = await createDevCa({ name: 'Elsewhere' })
  const [past, ended] = [-2e9, -1e9].map((milliseconds) => new Date(Date.now() + milliseconds))
  const [soon, later] = [1e9, 2e9].map((milliseconds) => new Date(Date.now() + milliseconds))
  for (const [code, options] of [
    ['CERT_HAS_EXPIRED', { notBefore: past!, notAfter: ended! }],
    ['CERT_NOT_YET_VALID', { notBefore: soon!, notAfter: later! }]
  ] as const) {
    const stranger = await elsewhere.issue({ cn: 'stranger', profile: 'client', ...options })
    // OpenSSL tells the last thing that it found.
    const { event, line } = await refusalOf(t, logged, stranger)
    t.match(event, { reason: 'unknown_ca', code, detail: { step: 'unknown_ca' } })
    t.match(line, { reason: 'unknown_ca', code, step: 'unknown_ca', hint: /The certificate leads to no trusted CA/ })
  }
  // Of the right name, and by another key.
  const forged = await (await createDevCa()).issue({ cn: 'forged', profile: 'client', notBefore: past!, notAfter: ended! })
  t.match((await refusalOf(t, logged, forged)).event, { reason: 'unknown_ca', detail: { step: 'signature_invalid' } })
  // One of a trusted CA is still told by what is wrong with it.
  const late = await logged.world.ca.issue({ cn: 'late', profile: 'client', notBefore: past!, notAfter: ended! })
  t.match((await refusalOf(t, logged, late)).event, { reason: 'expired', detail: { step: 'expired' } })
})

test('a large certificate of a stranger is named by its summary, and not read', async (t) => {
  const logged = await startLogged(t)
  const padding = {
    oid: '1.3.6.1.4.1.55555.1',
    value: Buffer.concat([Buffer.from('04822328', 'hex'), Buffer.alloc(9_000)])
  }
  const large = await (await createDevCa()).issue({ cn: 'large', profile: 'client', extensions: [padding] })
  const { event, line } = await refusalOf(t, logged, large)
  t.match(event, {
    reason: 'unknown_ca',
    peer: undefined,
    detail: { certificate: { subject: 'CN=large', serialNumber: large.serialNumber } }
  })
  t.strictSame([line.fingerprint256, event.fingerprint256], Array(2).fill(event.detail.certificate.fingerprint256))
})

test('a checker whose epoch cannot be read has permitted nobody, until it can', async (t) => {
  let broken = false
  const checker = stubChecker(() => ({ state: 'good', source: 'ocsp', until: Infinity }))
  const revocation = Object.defineProperty(checker, 'epoch', {
    get () {
      if (broken) throw new Error('no epoch')
      return 1
    }
  }) as RevocationChecker
  const logged = await startLogged(t, { settings: { revocation } })
  t.match(await call(logged.world, logged.world.client), { status: 200 })
  broken = true
  const { event } = await refusalOf(t, logged, logged.world.client)
  t.match(event, { reason: 'revocation_unknown', detail: { certificate: { subject: 'CN=client' } } })
  broken = false
  t.match(await call(logged.world, logged.world.client), { status: 200 })
})

test('which algorithms count is an option; what a handshake accepts is the default', async (t) => {
  const ca = await createDevCa({ key: 'ec-p384' })
  const [short, long] = [
    await ca.issue({ cn: 'short', key: 'ec-p256', profile: 'client' }),
    await ca.issue({ cn: 'long', key: 'ec-p384', profile: 'client' })
  ]
  const usual = await startLogged(t, { ca })
  for (const client of [short, long]) t.match(await call(usual.world, client), { status: 200 })
  const strict = await startLogged(t, { ca, settings: { algorithms: { curves: ['secp384r1'] } } })
  t.match(await call(strict.world, long), { status: 200 })
  const { event } = await refusalOf(t, strict, short)
  t.match(event, {
    reason: 'weak',
    code: undefined,
    detail: {
      step: 'key_refused',
      message: /^CN=short.*has a key on the elliptic curve prime256v1; expected secp384r1$/,
      certificate: { subject: 'CN=short' }
    }
  })
  const signatures = await startLogged(t, { ca, settings: { algorithms: { signatures: ['ed25519'] } } })
  t.match((await refusalOf(t, signatures, long)).event, {
    reason: 'weak',
    detail: { step: 'algorithm_refused', message: /is signed with ecdsa-sha/ }
  })
  for (const [algorithms, message] of [
    [{ curve: [] }, /unknown option "curve"/],
    [{ curves: ['P-256'] }, /curves\[0\] is "P-256"/],
    [{ minRsaBits: 512 }, /minRsaBits is 512/]
  ] as const) {
    await t.rejects(startWorld(t, { settings: { algorithms: algorithms as object } }), {
      code: 'MTLS_ERR_SERVER_OPTION',
      message
    })
  }
})
