// Documents that say what catalogues say. `node --conditions=@peerkit/source test/docs/documents.ts` writes them; documents.test.ts holds them to the catalogues.
import { catalogue, handshakeFailures } from '@peerkit/events'
import { metricCatalogue } from '@peerkit/mtls-monitor'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** The documents by path, below the root. */
export function renderDocuments (): Readonly<Record<string, string>> {
  return { 'docs/events.md': renderEvents(), 'docs/handshake-failures.md': renderFailures(), 'docs/metrics.md': renderMetrics() }
}

function renderEvents (): string {
  const sections = Object.entries(catalogue).map(([name, { when, by, fields }]) => {
    const rows = Object.entries(fields).map(([field, about]) => `| \`${field}\` | ${about} |`)
    return `## \`${name}\`\n\n${when} Published by \`${by}\`.\n\n| field | what |\n| --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Events

Every decision and every change of trust is published on a channel of \`node:diagnostics_channel\`. This page is written from the catalogue of \`@peerkit/events\`, whose types hold it to
the messages, and a test holds it to the catalogue.

Every message is \`{ v: 1, time, … }\`, \`time\` in milliseconds since the epoch. New fields may come within version 1; a field that changes its meaning or goes moves the version. No message
holds a private key or the value of a header. A message is made only where somebody listens.

\`\`\`js
import { listen } from '@peerkit/events'

const stop = listen({ 'peerkit:request:denied': ({ peer, method, path, reason }) => { console.log(String(peer), method, path, reason) } })
\`\`\`

${sections.join('\n')}`
}

function renderFailures (): string {
  const rows = handshakeFailures.map(({ reason, codes, meaning, remedy }) => `| \`${reason}\` | ${codes.length === 0 ? 'any other' : codes.map((code) => `\`${code}\``).join(' ')} | ${meaning} | ${remedy} |`)
  return `# Handshake failures

Why a client was not let in, in \`reason\` and \`code\` of the log line and of \`peerkit:handshake:refused\`; the line's \`hint\` is the row's meaning and remedy. This page is written from
\`handshakeFailures\` of \`@peerkit/events\`, and a test holds it to that. The first row that fits counts. Codes are OpenSSL's (\`X509_V_ERR_…\` without the prefix) and Node's.

\`protocol\` is told as information and not as a warning: nothing was refused on our side. Reasons of open connections that end are the same.

| reason | code | what it means | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function renderMetrics (): string {
  const rows = Object.entries(metricCatalogue).map(([name, { kind, unit, about, attributes }]) => {
    const list = Object.entries(attributes).map(([attribute, values]) => `\`${attribute}\` (${values})`).join('; ')
    return `| \`${name}\` | ${kind} | ${unit} | ${about} | ${list} |`
  })
  return `# Metrics

What \`recordMetrics\` of \`@peerkit/mtls-monitor\` records by the OpenTelemetry API. Without an SDK it records into nothing. This page is written from \`metricCatalogue\`, and tests hold it, the
dashboard and the alert rules of [examples/monitoring](../examples/monitoring/README.md) to that.

\`@opentelemetry/exporter-prometheus\` turns dots to underscores and adds \`_total\` to counters: \`peerkit_requests_total\`. The OpenTelemetry Collector adds the unit too
(\`peerkit_expiry_remaining_seconds\`): set \`add_metric_suffixes: false\` there, or use its names.

No label is a client's to choose without a bound. Names of groups, issuers and origins are bounded, whatever comes beyond is \`other\`; no metric has a label for a client, a path or an address.

| metric | kind | unit | what | labels |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(renderDocuments())) writeFileSync(join(root, path), text)
}
