import { copyFile } from 'node:fs/promises'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'
import { startLedger } from './ledger.ts'
import { freePort, startPrometheus } from './prometheus.ts'

const HOUR_MS = 3_600_000

await play(async ({ folder, title, line, expect, onEnd }) => {
  const metricsPort = await freePort()
  const prometheus = await startPrometheus(folder, metricsPort)
  onEnd(prometheus.close)

  const { ca, issue } = await makePki(folder)
  await issue('ledger', { profile: 'server', cn: 'ledger', days: 90 })
  const alice = await issue('alice', { profile: 'client', cn: 'alice', ou: 'billing', days: 90 })
  const mallory = await issue('mallory', { profile: 'client', cn: 'mallory', ou: 'interns', days: 90 })
  const [now, { root }] = [Date.now(), ca]
  const late = await issue('late', {
    profile: 'client',
    cn: 'late',
    ou: 'billing',
    notBefore: new Date(now - 1000 * HOUR_MS),
    notAfter: new Date(now + 12 * HOUR_MS)
  })
  const stranger = await (await createDevCa()).issue({ profile: 'client', cn: 'alice', ou: 'billing' })
  process.chdir(folder)
  const { app, credentials } = await startLedger(metricsPort)
  onEnd(async () => { await app.close() })
  const url = `${new URL(app.listeningOrigin).origin}/invoices`
  const callAs = async (client: IssuedCertificate): Promise<string> => await call(url, { client, ca: root })

  title(`Prometheus is ${prometheus.url}`)
  expect('alice', await callAs(alice), '200 []')
  const names = (await prometheus.alerts()).map(({ labels }) => labels.alertname)
  expect('alerts of a service that is well', names.join(', '), '')

  title('A client whose certificate expires in twelve hours')
  expect('late', await callAs(late), '200 []')
  expect('MtlsClientCertificateEndsSoon', await prometheus.fired('MtlsClientCertificateEndsSoon'), /threshold 1d$/)

  title('A client that no rule allows')
  expect('mallory', await callAs(mallory), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  expect('MtlsRequestsDenied', await prometheus.fired('MtlsRequestsDenied'), /ledger/)

  title('Certificates of a CA that is not trusted')
  for (let count = 0; count < 3; count++) expect('stranger', await callAs(stranger), 'refused (ECONNRESET)')
  expect('MtlsHandshakesRefused', await prometheus.fired('MtlsHandshakesRefused'), /refused: unknown_ca$/)

  title('A renewal that goes wrong: the new certificate does not belong to the key')
  await copyFile('mallory.pem', 'ledger.pem')
  await credentials.reload().catch(() => {})
  expect('MtlsRotationRefused', await prometheus.fired('MtlsRotationRefused'), /refuses its new credentials/)
  expect('alice, by the old certificate', await callAs(alice), '200 []')
  line(`http://127.0.0.1:${metricsPort}/metrics`)
  return [`Alerts: ${prometheus.url}/alerts`, `Metrics: http://127.0.0.1:${metricsPort}/metrics`]
})
