import { test } from 'tap'
import { guardedApp } from './support/app.ts'

const answer = async (): Promise<string> => 'x'
const OPTION = 'MTLS_ERR_ALLOWED_CLIENTS_OPTION'
const optional = { clientCertificate: 'optional' }

test('rules and clientCertificate of a route that contradict each other keep the app from starting', async (t) => {
  const wrong = [
    [{ allowedClients: 'public', clientCertificate: 'required' }, /GET,? ?.*\/x: the rules are 'public', but config\.clientCertificate is "required"; expected no clientCertificate, or the rules 'authenticated'/],
    [{ allowedClients: { ou: 'billing' }, clientCertificate: 'optional' }, /GET \/x: config\.clientCertificate is "optional", but the rules of config\.allowedClients need a certificate; expected no clientCertificate, or the rules 'public'/]
  ] as const
  for (const [config, message] of wrong) {
    const { app } = await guardedApp({}, {}, optional)
    app.get('/x', { config: config as object }, answer)
    await t.rejects(async () => { await app.ready() }, { code: OPTION, message })
    await app.close()
  }
})

test('the same rules of a scope or by default contradict too; in report-only mode they do not', async (t) => {
  const byDefault = await guardedApp({ defaultRules: 'authenticated' }, {}, optional)
  byDefault.app.get('/x', { config: { clientCertificate: 'optional' } }, answer)
  await t.rejects(async () => { await byDefault.app.ready() }, { code: OPTION, message: /GET \/x: .*the rules of defaultRules need/ })
  const scoped = await guardedApp({}, {}, optional)
  scoped.app.mtls.allow('public')
  scoped.app.get('/x', { config: { clientCertificate: 'required' } }, answer)
  await t.rejects(async () => { await scoped.app.ready() }, { code: OPTION, message: /GET \/x: the rules are 'public'/ })
  const tried = await guardedApp({ mode: 'report-only', defaultRules: 'authenticated' }, {}, optional)
  tried.app.get('/x', { config: { clientCertificate: 'optional' } }, answer)
  t.equal(await tried.status(null, '/x'), 200)
})
