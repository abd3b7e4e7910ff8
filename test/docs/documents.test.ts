import { catalogue, eventNames } from '@peerkit/events'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { packageFolders, readSources, root } from '../architecture/source-graph.ts'
import { renderDocuments } from './documents.ts'

test('events, reasons, handshake failures and metrics are documented as their catalogues say', (t) => {
  for (const [path, text] of Object.entries(renderDocuments())) t.equal(readFileSync(join(root, path), 'utf8'), text, `${path}: node --conditions=@peerkit/source test/docs/documents.ts`)
  t.end()
})

test('no package has a channel that the catalogue does not know, and none of the catalogue is published by nobody', (t) => {
  const published = new Set<string>()
  for (const folder of packageFolders()) {
    for (const { path } of readSources(folder)) {
      const text = readFileSync(path, 'utf8')
      const shown = path.slice(root.length + 1)
      for (const [, name = ''] of text.matchAll(/'(peerkit:[a-z-]+:[a-z-]+)'/g)) t.ok(Object.hasOwn(catalogue, name) || name === 'peerkit:audit:kept', `${shown}: ${name}`)
      if (folder !== 'events') t.notMatch(text, /[^.]\bchannel\('peerkit:/, shown)
      for (const [, name = ''] of text.matchAll(/\b(\w+)\.publish\(/g)) published.add(name)
      for (const [, name = ''] of text.matchAll(/\b(request[A-Z]\w+|forwarded[A-Z]\w+)\b/g)) published.add(name)
    }
  }
  for (const name of eventNames) {
    const constant = name.split(':').slice(1).join('-').replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase())
    t.ok(published.has(constant), `${name} by ${constant}`)
  }
  t.end()
})

test('docs/audit.md names every field of a line', (t) => {
  const text = readFileSync(join(root, 'docs/audit.md'), 'utf8')
  const source = readFileSync(join(root, 'packages/mtls-monitor/src/audit/audit-line.ts'), 'utf8')
  const [, body = ''] = /export interface AuditLine \{([\s\S]*?)\n\}/.exec(source) ?? []
  const fields = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, field = '']) => field)
  t.ok(fields.length > 30)
  for (const field of fields) t.match(text, `\`${field}\``, field)
  for (const [, field = ''] of text.matchAll(/^\| `(\w+)`/gm)) t.ok(fields.includes(field) || field === 'since', field)
  t.end()
})

test('the dashboard and the alert rules ask for metrics that there are', async (t) => {
  const { metricCatalogue } = await import('@peerkit/mtls-monitor')
  const { parse } = await import('yaml')
  const names = new Set(Object.entries(metricCatalogue).flatMap(([name, { kind }]) => {
    const plain = name.replaceAll('.', '_')
    return kind === 'counter' ? [`${plain}_total`] : kind === 'histogram' ? [`${plain}_bucket`, `${plain}_sum`, `${plain}_count`] : [plain]
  }))
  const labels = new Set(Object.values(metricCatalogue).flatMap(({ attributes }) => Object.keys(attributes).map((label) => label.replaceAll('.', '_'))).concat('job', 'instance', 'le'))
  const folder = join(root, 'examples/monitoring')
  const dashboard = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Array<{ title: string, type: string, description?: string, targets?: Array<{ expr: string, refId: string }>, transformations?: Array<{ id: string, options: { excludeByName?: Record<string, boolean>, renameByName?: Record<string, string> } }> }> }
  const rules = parse(readFileSync(join(folder, 'alerts.yaml'), 'utf8')) as { groups: Array<{ rules: Array<{ alert: string, expr: string, annotations: { summary: string, description: string } }> }> }
  const asked = [...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr }))), ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: alert, expr })))]
  t.ok(asked.length > 15)
  const used = new Set<string>()
  for (const { where, expr } of asked) {
    const found = expr.match(/\bpeerkit_\w+/g) ?? []
    const metrics = found.filter((word) => !labels.has(word))
    t.ok(metrics.length > 0, where)
    for (const name of metrics) {
      t.ok(names.has(name), `${where}: ${name}`)
      used.add(name.replace(/_(total|bucket|sum|count)$/, ''))
    }
    for (const [, list = ''] of expr.matchAll(/(?:by|without|on) \(([^)]*)\)/g)) for (const label of list.split(/,\s*/)) t.ok(labels.has(label), `${where}: ${label}`)
    for (const [, label = ''] of expr.matchAll(/(\w+)(?:=~?|!~?=?)"/g)) t.ok(labels.has(label), `${where}: ${label}`)
  }
  for (const name of Object.keys(metricCatalogue)) t.ok(used.has(name.replaceAll('.', '_')), `${name} is looked at somewhere`)
  for (const { alert, annotations } of rules.groups.flatMap((group) => group.rules)) t.ok(annotations.summary.length > 0 && annotations.description.length > 0, alert)
  for (const { title, type, targets = [], transformations = [] } of dashboard.panels.filter((panel) => panel.type === 'table')) {
    const organized = transformations.find(({ id }) => id === 'organize')?.options
    t.ok(organized?.excludeByName?.['Time'], `${title}: ${type} without the time of the query`)
    const columns = targets.flatMap(({ expr, refId }) => [...(/by \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(', '), targets.length > 1 ? `Value #${refId}` : 'Value'])
    for (const column of columns) t.ok(organized?.renameByName?.[column], `${title}: a heading for ${column}`)
    t.equal(transformations.some(({ id }) => id === 'merge'), targets.length > 1, `${title}: one table`)
  }
  t.ok(readdirSync(folder).includes('README.md'))
})
