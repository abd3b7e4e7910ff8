// A real step-ca: enrolment by X5C and by one-time token, renewal by mutual TLS, revocation, restart.
import { createHash, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import { stepCaIssuer } from '@peerkit/issuers/step-ca'
import type { StepCaIssuerOptions } from '@peerkit/issuers/step-ca'
import { checkChain, crlUrlChecker } from '@peerkit/revocation'
import { startStepCa } from './step-ca/start-step-ca.ts'

test('step-ca', { timeout: 120_000 }, async (t) => {
  const stepCa = await startStepCa(t)
  const { url, folder, bootstrap } = stepCa
  const base = { url, root: join(folder, 'root.pem'), names: { cn: 'ledger', dns: ['ledger.example'], uri: ['spiffe://prod.example/ledger'] } }
  const start = async (more: Pick<StepCaIssuerOptions, 'enrol'> & Partial<StepCaIssuerOptions>) => {
    const issuer = stepCaIssuer({ ...base, ...more })
    const source = await renewingCredentials(issuer, { chain: 'required', attempts: 1 })
    t.teardown(async () => { await source.close() })
    return { issuer, source }
  }

  await t.test('a one-time token, then renewal by mutual TLS with a new key', async (t) => {
    let asked = 0
    const { source } = await start({ enrol: { token: (question) => { asked += 1; return stepCa.token(question) } } })
    const first = source.current
    t.match(String(first.identity.subject), 'CN=ledger')
    t.match(first.identity.subjectAltNames, { dns: ['ledger.example'], uri: ['spiffe://prod.example/ledger'] })
    t.equal(first.intermediates.length, 1)
    t.same(first.warnings, [])
    const second = await source.refresh()
    t.equal(asked, 1, 'the token was needed once')
    t.not(second.key, first.key)
    t.not(second.identity.serialNumber, first.identity.serialNumber)
    t.match(second.identity.subjectAltNames, { dns: ['ledger.example'] })
    await stepCa.stop()
    await t.rejects(source.refresh(), { cause: { code: 'MTLS_ERR_ISSUER', reason: 'unreachable' } })
    t.equal(source.current, second, 'the former certificate stays in use')
    await stepCa.start()
    t.not((await source.refresh()).identity.serialNumber, second.identity.serialNumber)
  })

  await t.test('names of all kinds, and a common name alone', async (t) => {
    const names = { dns: ['a.example'], ip: ['192.0.2.7', '2001:db8::7'], uri: ['https://a.example/x'], email: ['a@a.example'] }
    const { source } = await start({ names, enrol: { token: stepCa.token } })
    t.match(source.current.identity.subjectAltNames, names)
    t.equal(String(source.current.identity.subject), 'CN=a.example')
    const plain = await start({ names: { cn: 'ledger' }, enrol: { token: stepCa.token } })
    t.match(plain.source.current.identity.subjectAltNames, { dns: ['ledger'] })
    t.match((await plain.source.refresh()).identity.subjectAltNames, { dns: ['ledger'] })
  })

  await t.test('X5C: each enrolment has a new token, and ends with the certificate that enrols', async (t) => {
    const { chain, key, der } = await bootstrap.issue({ cn: 'host-7', profile: 'client', notAfter: new Date(Date.now() + 3_600_000) })
    const paths = { cert: join(folder, 'host.pem'), key: join(folder, 'host.key') }
    writeFileSync(paths.cert, chain)
    writeFileSync(paths.key, key)
    const { source } = await start({ enrol: { x5c: { ...paths, provisioner: 'fleet' } }, renew: 'enrol' })
    const { serialNumber } = source.current.identity
    t.equal(source.current.notAfter, new X509Certificate(der).validToDate.getTime())
    t.not((await source.refresh()).identity.serialNumber, serialNumber)
    await t.rejects(start({ enrol: { x5c: { ...paths, provisioner: 'fleets' } } }), {
      cause: { reason: 'denied', status: 401, message: /it has no provisioner fleets of type X5C; it has operator \(JWK\), .*fleet \(X5C\)/ }
    })
    for (const keyType of ['rsa-2048', 'ed25519', 'ec-p384'] as const) {
      const other = await bootstrap.issue({ cn: 'host-8', key: keyType })
      writeFileSync(paths.cert, other.chain)
      writeFileSync(paths.key, other.key)
      t.ok(await start({ enrol: { x5c: { ...paths, provisioner: 'fleet' } } }), `a certificate with a key ${keyType}`)
    }
  })

  await t.test('the root by its fingerprint, its roots and those of the federation', async (t) => {
    const fingerprint = createHash('sha256').update(new X509Certificate(stepCa.ca.root).raw).digest('hex')
    const enrol = { token: stepCa.token }
    const { source } = await start({ root: undefined, fingerprint, enrol, trust: 'federation' })
    t.same(source.current.ca, [stepCa.ca.root, stepCa.partner])
    await t.rejects(start({ root: undefined, fingerprint: '0'.repeat(64), enrol }), { cause: { status: 404 } })
    t.same((await start({ enrol, trust: 'roots' })).source.current.ca, [stepCa.ca.root])
  })

  await t.test('a lifetime outside of the limits of the provisioner', async (t) => {
    const day = 86_400_000
    const tooLong = start({ lifetime: 2 * day, enrol: { token: (question) => stepCa.token(question, 'short') } })
    await t.rejects(tooLong, { cause: { reason: 'denied', status: 403, message: /the provisioner short \(JWK\) permits lifetimes from 1m0s to 24h0m0s, and 172800 s were asked for/ } })
    const { source } = await start({ lifetime: 600_000, enrol: { token: stepCa.token } })
    const { notBefore = 0 } = source.current.identity
    t.ok(source.current.notAfter - notBefore < 700_000)
    const second = await source.refresh()
    t.ok(second.notAfter - (second.identity.notBefore ?? 0) < 700_000, 'renewal keeps it')
  })

  await t.test('a provisioner that renews nothing', async (t) => {
    const { source } = await start({ enrol: { token: (question) => stepCa.token(question, 'fixed') } })
    await t.rejects(source.refresh(), { cause: { reason: 'denied', status: 401, message: /disableRenewal/ } })
  })

  await t.test('a revoked certificate is renewed no more', async (t) => {
    const { issuer, source } = await start({ enrol: { token: stepCa.token } })
    const renewed = await source.refresh()
    const signer = parsePeerIdentity(stepCa.intermediate)
    const anchor = parsePeerIdentity(stepCa.ca.der)
    // The root publishes no list about the intermediate.
    const checker = await crlUrlChecker({ urls: [stepCa.crl], issuers: [signer], policy: { default: 'hard', issuers: { [String(anchor.subject)]: 'soft' } } })
    t.teardown(async () => { await checker.close() })
    const leaf = parsePeerIdentity(renewed.identity.raw as Uint8Array, { chain: [signer, anchor] })
    t.match(checker.check(leaf, signer), { state: 'good' })
    t.match(await checkChain(checker, leaf), { permitted: true })
    await issuer.revoke(renewed, { reason: 'the service has ended' })
    await checker.refresh()
    t.match(await checkChain(checker, leaf), { permitted: false, state: 'revoked', reason: 'cessationOfOperation' })
    await t.rejects(source.refresh(), { cause: { reason: 'denied', message: /renews no certificate that is revoked/ } })
  })

  await t.test('a token counts once, and for its request only', async (t) => {
    const used: string[] = []
    const enrol = { token: (question: Parameters<typeof stepCa.token>[0]) => { used.push(used[0] ?? stepCa.token(question)); return used[0] as string } }
    await start({ enrol })
    const error: any = await start({ enrol }).catch((error) => error)
    t.match(error, { cause: { reason: 'denied', status: 401 } })
    t.notMatch(JSON.stringify(error) + String(error.cause.stack), used[0] as string)
    const foreign = stepCa.token({ subject: 'ledger', sans: base.names.dns.concat(base.names.uri), audience: `${url}/1.0/sign`, fingerprint: 'AAAA', signal: AbortSignal.abort() })
    await t.rejects(start({ enrol: { token: () => foreign } }), { cause: { reason: 'denied', status: 403 } })
  })
})
