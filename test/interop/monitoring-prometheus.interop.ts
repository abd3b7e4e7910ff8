import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { root } from '../architecture/source-graph.ts'
import { requireTool } from './require-tool.ts'

const promtool = requireTool('promtool')
const folder = join(root, 'examples/monitoring')
const alerts = join(folder, 'alerts.yaml')

test('Prometheus understands the alert rules', (t) => {
  t.match(execFileSync(promtool, ['check', 'rules', alerts], { encoding: 'utf8' }), /SUCCESS/)
  t.end()
})

test('Prometheus understands every question of the dashboard', (t) => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Array<{ targets: Array<{ expr: string }> }> }
  const asked = panels.flatMap(({ targets }) => targets).map(({ expr }, index) => ({ record: `panel:${index}`, expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*') }))
  const path = join(t.testdir({ 'panels.json': JSON.stringify({ groups: [{ name: 'panels', rules: asked }] }) }), 'panels.json')
  t.match(execFileSync(promtool, ['check', 'rules', path], { encoding: 'utf8' }), new RegExp(`SUCCESS: ${asked.length} rules`))
  t.end()
})

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
    series('peerkit_handshakes_total', 'peerkit_result="accepted",peerkit_resumed="false"', '0+100x60')
  ]
  const loud = [
    series('peerkit_ready', '', '0x60'),
    series('peerkit_expiry_remaining', 'peerkit_kind="own",peerkit_name="ledger"', `${week - 60}-60x60`),
    series('peerkit_expiry_remaining', 'peerkit_kind="crl",peerkit_name="CA"', '0x60'),
    series('peerkit_credentials_start_time', '', '-5000000x60'),
    series('peerkit_handshakes_total', 'peerkit_result="accepted",peerkit_resumed="false"', '0+100x60'),
    series('peerkit_handshakes_total', 'peerkit_result="refused",peerkit_resumed="false",error_type="expired"', '0+50x60'),
    series('peerkit_credentials_rotations_total', 'peerkit_result="refused",error_type="expired"', '0+1x60')
  ]
  const names = ['MtlsOwnCertificateEndsSoon', 'MtlsNotReady', 'MtlsRevocationListEnded', 'MtlsHandshakesRefused', 'MtlsRotationRefused']
  const expected: Record<string, object> = {
    MtlsOwnCertificateEndsSoon: { severity: 'critical', job: 'ledger', instance: 'a', peerkit_name: 'ledger' },
    MtlsNotReady: { severity: 'critical', job: 'ledger', instance: 'a' },
    MtlsRevocationListEnded: { severity: 'critical', job: 'ledger', instance: 'a', peerkit_name: 'CA' },
    MtlsHandshakesRefused: { severity: 'warning', job: 'ledger', error_type: 'expired' },
    MtlsRotationRefused: { severity: 'warning', job: 'ledger', instance: 'a', error_type: 'expired' }
  }
  // Annotations are compared too, so they are left out of the rules here: their texts are not what this is about.
  const rules = readFileSync(alerts, 'utf8').replace(/^ {8}annotations:\n(?: {10}.*\n)+/gm, '')
  const suite = (input: object[], alerting: boolean): object => ({
    interval: '1m', input_series: input, alert_rule_test: names.map((alertname) => ({ eval_time: '45m', alertname, exp_alerts: alerting ? [{ exp_labels: expected[alertname] }] : [] }))
  })
  const dir = t.testdir({ 'alerts.yaml': rules, 'tests.json': JSON.stringify({ rule_files: ['alerts.yaml'], evaluation_interval: '1m', tests: [suite(quiet, false), suite(loud, true)] }) })
  t.match(execFileSync(promtool, ['test', 'rules', join(dir, 'tests.json')], { encoding: 'utf8' }), /SUCCESS/)
  t.end()
})
