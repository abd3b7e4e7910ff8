// Generates documents from the catalogues: `node --conditions=@peerkit/source test/docs/documents.ts`.
// documents.test.ts checks that they are current.
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

Every decision and every change of trust is published on a channel of \`node:diagnostics_channel\`. This page is
generated from the catalogue of \`@peerkit/events\`. A test checks that it is current.

Every message is \`{ v: 1, time, … }\`. \`time\` is in milliseconds since the epoch. New fields may be added within
version 1. If a field changes its meaning or is removed, \`v\` changes. No message holds a private key or the value of a
header. Messages are created only if there is a listener.

\`\`\`js
import { listen } from '@peerkit/events'

const stop = listen({
  'peerkit:request:denied': ({ peer, method, path, reason }) => { console.log(String(peer), method, path, reason) }
})
\`\`\`

${sections.join('\n')}`
}

function renderFailures (): string {
  const rows = handshakeFailures.map(({ reason, codes, meaning, remedy }) => `| \`${reason}\` | ${codes.length === 0 ? 'any other' : codes.map((code) => `\`${code}\``).join(' ')} | ${meaning} | ${remedy} |`)
  return `# Handshake failures

Why a client was refused. Find \`reason\` and \`code\` of the log line, or of \`peerkit:handshake:refused\`, in the table.
The first row that matches applies. The \`hint\` of the log line has the last two columns. \`peerkit:connection:ended\`
uses the same reasons.

Codes are those of OpenSSL (\`X509_V_ERR_…\` without the prefix) and of Node. The reason \`protocol\` is logged as
information and not as a warning: the server refused nothing.

This page is generated from \`handshakeFailures\` of \`@peerkit/events\`. A test checks that it is current.

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

\`recordMetrics\` of \`@peerkit/mtls-monitor\` records these metrics with the OpenTelemetry API. Without an SDK it does
nothing. [examples/monitoring](../examples/monitoring/README.md) has a dashboard and alert rules. This page is generated
from \`metricCatalogue\`. Tests check that the page, the dashboard and the alert rules match it.

\`@opentelemetry/exporter-prometheus\` replaces dots by underscores and adds \`_total\` to counters:
\`peerkit_requests_total\`. The OpenTelemetry Collector also adds the unit (\`peerkit_expiry_remaining_seconds\`): set
\`add_metric_suffixes: false\` there, or use its names.

The number of label values is bounded, so a client cannot create series without limit. Groups, issuers and origins beyond
the bound become \`other\`. No metric has a label for a client, a path or an address.

| metric | kind | unit | what | labels |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(renderDocuments())) writeFileSync(join(root, path), text)
}
