import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { credentialsRefused, expirySoon, forwardedRefused, outboundRefused, revocationFailed } from '@peerkit/events'
import { startMonitor } from '@peerkit/mtls-monitor'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import type { Test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { requireTool } from './require-tool.ts'

const promtool = requireTool('promtool')
requireTool('prometheus')
const folder = join(root, 'examples/monitoring')
const alerts = join(folder, 'alerts.yaml')

test('Prometheus understands the alert rules', (t) => {
  t.match(execFileSync(promtool, ['check', 'rules', alerts], { encoding: 'utf8' }), /SUCCESS/)
  t.end()
})

test('Prometheus understands the configuration of the example', (t) => {
  t.match(execFileSync(promtool, ['check', 'config', join(folder, 'prometheus.yml')], { encoding: 'utf8' }), /SUCCESS: .*prometheus\.yml is valid/)
  t.end()
})

test('the example with a real Prometheus: problems raise their alerts', (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@peerkit/source', join(folder, 'src/main.ts')], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })
  t.equal(status, 0, stdout + stderr)
  t.equal(stdout.match(/^ {3}ok {3}Mtls/gm)?.length, 4, stdout)
  t.notMatch(stdout + stderr, /FAIL|PRIVATE KEY|Warning/)
  t.end()
})

test('Prometheus understands every question of the dashboard', (t) => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Array<{ targets: Array<{ expr: string }> }> }
  const asked = panels.flatMap(({ targets }) => targets).map(({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*') }))
  const path = join(t.testdir({ 'panels.json': JSON.stringify({ groups: [{ name: 'panels', rules: asked }] }) }), 'panels.json')
  t.match(execFileSync(promtool, ['check', 'rules', path], { encoding: 'utf8' }), new RegExp(`SUCCESS: ${asked.length} rules`))
  t.end()
})

const BAO = 'peerkit_issuer="OpenBao at bao.example/pki"'

/** Series of a process, by what they hold each minute. */
function series (name: string, labels: string, values: string): object {
  return { series: `${name}{job="ledger",instance="a"${labels === '' ? '' : `,${labels}`}}`, values }
}

test('alerts are raised by what they are for, and by nothing else', (t) => {
  const week = 7 * 86_400
  const quiet = [
    series('peerkit_ready', '', '1x60'),
    series('peerkit_expiry_remaining', 'peerkit_kind="own",peerkit_name="ledger"', `${5 * week}-60x60`),
    series('peerkit_credentials_start_time', '', '-5000000x60'),
    series('peerkit_source_failing', 'peerkit_kind="files"', '0x60'),
    series('peerkit_renewal_failing_for', BAO, '0x60'),
    series('peerkit_renewal_next', BAO, '3600-60x60'),
    series('peerkit_renewal_store_failing', BAO, '0x60'),
    series('peerkit_bundle_failing', 'peerkit_authority="partner.example"', '0x60'),
    series('peerkit_bundle_next_refresh', 'peerkit_authority="partner.example"', '30x60'),
    series('peerkit_bundle_age', 'peerkit_authority="partner.example"', '0+60x60'),
    series('peerkit_bundle_sequence', 'peerkit_authority="partner.example"', '7x60'),
    series('peerkit_handshakes_total', 'peerkit_result="accepted",peerkit_resumed="false"', '0+100x60')
  ]
  const loud = [
    series('peerkit_ready', '', '0x60'),
    series('peerkit_expiry_remaining', 'peerkit_kind="own",peerkit_name="ledger"', `${week - 60}-60x60`),
    series('peerkit_expiry_remaining', 'peerkit_kind="crl",peerkit_name="CA"', '0x60'),
    series('peerkit_source_failing', 'peerkit_kind="workload api"', '1x60'),
    series('peerkit_renewal_failing_for', BAO, '0+60x60'),
    series('peerkit_renewal_next', BAO, '0-60x60'),
    series('peerkit_renewal_store_failing', BAO, '1x60'),
    series('peerkit_bundle_failing', 'peerkit_authority="partner.example"', '1x60'),
    series('peerkit_bundle_age', 'peerkit_authority="partner.example"', '86401+60x60'),
    series('peerkit_credentials_start_time', '', '-5000000x60'),
    series('peerkit_handshakes_total', 'peerkit_result="accepted",peerkit_resumed="false"', '0+100x60'),
    series('peerkit_handshakes_total', 'peerkit_result="refused",peerkit_resumed="false",error_type="expired"', '0+50x60'),
    series('peerkit_credentials_rotations_total', 'peerkit_result="refused",error_type="expired"', '0+1x60')
  ]
  const names = ['MtlsOwnCertificateEndsSoon', 'MtlsNotReady', 'MtlsRevocationListEnded', 'MtlsHandshakesRefused', 'MtlsRotationRefused', 'MtlsSourceFailing', 'MtlsRenewalFailing', 'MtlsRenewalOverdue', 'MtlsCertificateStoreFailing', 'MtlsBundleFailing', 'MtlsBundleOld']
  const expected: Record<string, object> = {
    MtlsOwnCertificateEndsSoon: { severity: 'critical', job: 'ledger', instance: 'a', peerkit_name: 'ledger' },
    MtlsNotReady: { severity: 'critical', job: 'ledger', instance: 'a' },
    MtlsRevocationListEnded: { severity: 'critical', job: 'ledger', instance: 'a', peerkit_name: 'CA' },
    MtlsSourceFailing: { severity: 'critical', job: 'ledger', instance: 'a', peerkit_kind: 'workload api' },
    MtlsRenewalFailing: { severity: 'warning', job: 'ledger', instance: 'a', peerkit_issuer: 'OpenBao at bao.example/pki' },
    MtlsRenewalOverdue: { severity: 'warning', job: 'ledger', instance: 'a', peerkit_issuer: 'OpenBao at bao.example/pki' },
    MtlsCertificateStoreFailing: { severity: 'warning', job: 'ledger', instance: 'a', peerkit_issuer: 'OpenBao at bao.example/pki' },
    MtlsBundleFailing: { severity: 'warning', job: 'ledger', peerkit_authority: 'partner.example' },
    MtlsBundleOld: { severity: 'warning', job: 'ledger', peerkit_authority: 'partner.example' },
    MtlsHandshakesRefused: { severity: 'warning', job: 'ledger', error_type: 'expired' },
    MtlsRotationRefused: { severity: 'warning', job: 'ledger', instance: 'a', error_type: 'expired' }
  }
  const suite = (input: object[], alerting: boolean): object => ({
    interval: '1m', input_series: input, alert_rule_test: names.map((alertname) => ({ eval_time: '45m', alertname, exp_alerts: alerting ? [{ exp_labels: expected[alertname] }] : [] }))
  })
  testRules(t, [suite(quiet, false), suite(loud, true)])
  t.end()
})

/** Annotations are compared too, so they are left out of the rules here: their texts are not what this is about. */
function testRules (t: Test, tests: object[]): void {
  const rules = readFileSync(alerts, 'utf8').replace(/^ {8}annotations:\n(?: {10}.*\n)+/gm, '')
  const dir = t.testdir({ 'alerts.yaml': rules, 'tests.json': JSON.stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests }) })
  t.match(execFileSync(promtool, ['test', 'rules', join(dir, 'tests.json')], { encoding: 'utf8' }), /SUCCESS/)
}

/** The counters of a monitor as Prometheus reads them, by series. */
type Samples = Map<string, string>

test('the first event of a process raises its alert', async (t) => {
  const exporter = new PrometheusExporter({ preventServerStart: true })
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('test')
  const scrape = async (): Promise<Samples> => {
    const text = new PrometheusSerializer().serialize((await exporter.collect()).resourceMetrics)
    const found = text.matchAll(/^(peerkit_\w+_total)(?:\{(.*)\})? (\d+)/gm)
    return new Map([...found].map(([, name = '', labels = '', value = '']) => [`${name}{${[labels, 'job="ledger",instance="a"'].filter((part) => part !== '').join()}}`, value]))
  }
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'ledger', days: 5 })
  const log = { info () {}, warn () {}, error () {} }
  // A day is left of five: the threshold passed before the process was started.
  const monitor = startMonitor({ log, credentials: memoryCredentials({ cert: chain, key, ca: ca.root }), meter, now: () => Date.now() + 4.5 * 86_400_000 })
  t.teardown(() => { monitor.close() })
  const before = await scrape()
  const stamp = { v: 1, time: 0 } as const
  credentialsRefused.publish({ ...stamp, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', message: 'x', generation: 1 })
  forwardedRefused.publish({ ...stamp, reason: 'untrusted_sender', detail: undefined, header: 'client-cert', peer: null, remoteAddress: undefined })
  revocationFailed.publish({ ...stamp, source: 'crl', code: undefined, reason: undefined, message: undefined })
  expirySoon.publish({ ...stamp, what: 'peer', name: 'x', issuer: undefined, serialNumber: undefined, fingerprint256: undefined, notAfter: 0, left: 0, threshold: '7d' })
  // The origin of a server is not known before: its series begins with 1.
  outboundRefused.publish({ ...stamp, origin: 'https://b.example', code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'network', message: 'x', detail: undefined })
  const after = await scrape()
  const started = 5
  const happened = 10
  const input = [...after].map(([name, value]) => ({ series: name, values: `_x${started} ${before.get(name) ?? '_'}x${happened - started - 1} ${value}x60` }))
  const job = 'ledger'
  const expected: Array<[name: string, minute: number, labels: object]> = [
    ['MtlsExpiryThresholdPassed', started + 2, { severity: 'warning', job, peerkit_kind: 'own', peerkit_threshold: '1d' }],
    ['MtlsClientCertificateEndsSoon', happened + 3, { severity: 'info', job, peerkit_threshold: '7d' }],
    ['MtlsRotationRefused', happened + 7, { severity: 'warning', job, instance: 'a', error_type: 'key_mismatch' }],
    ['MtlsForgedIdentity', happened + 3, { severity: 'warning', job, error_type: 'untrusted_sender' }],
    ['MtlsRevocationNotRefreshed', happened + 33, { severity: 'warning', job, peerkit_source: 'crl' }]
  ]
  const alerted = { interval: '1m', input_series: input, alert_rule_test: expected.map(([alertname, minute, labels]) => ({ eval_time: `${minute}m`, alertname, exp_alerts: [{ exp_labels: labels }] })) }
  const over = { interval: '1m', input_series: input, alert_rule_test: expected.flatMap(([alertname]) => ['4m', '80m'].map((time) => ({ eval_time: time, alertname, exp_alerts: [] }))) }
  // The server is called again and again, and refuses each time.
  const origin = [...after.keys()].find((name) => name.startsWith('peerkit_outbound')) ?? ''
  t.notOk(before.has(origin))
  const outbound = { interval: '1m', input_series: [{ series: origin, values: '_x10 1+1x30' }], alert_rule_test: [{ eval_time: '22m', alertname: 'MtlsOutboundRefused', exp_alerts: [{ exp_labels: { severity: 'warning', job, server_address: 'https://b.example', error_type: 'network' } }] }] }
  testRules(t, [alerted, over, outbound])
})
