// Generates documents from catalogues: `node --conditions=@peerkit/source test/docs/documents.ts` writes them, and
// documents.test.ts checks that they are up to date.
import { catalogue, handshakeFailures } from '@peerkit/events'
import { metricCatalogue } from '@peerkit/mtls-monitor'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** The documents by path, below the root. */
export function renderDocuments (): Readonly<Record<string, string>> {
  return {
    'docs/events.md': renderEvents(),
    'docs/handshake-failures.md': renderFailures(),
    'docs/metrics.md': renderMetrics()
  }
}

function renderEvents (): string {
  const sections = Object.entries(catalogue).map(([name, { when, by, fields }]) => {
    const rows = Object.entries(fields).map(([field, about]) => `| \`${field}\` | ${about} |`)
    const about = wrap(`${when} Published by \`${by}\`.`, '')
    return `## \`${name}\`\n\n${about}\n\n| field | what |\n| --- | --- |\n${rows.join('\n')}\n`
  })
  return `# Events

Every decision and every change of trust is published on a channel of \`node:diagnostics_channel\`. This page is
generated from the catalogue of \`@peerkit/events\`. Its types and a test keep both up to date.

Every message is \`{ v: 1, time, … }\`, with \`time\` in milliseconds since the epoch. Version 1 may get new fields. If a
field changes its meaning or is removed, the version changes. No message contains a private key or the value of a
header. Messages are only created if there is a listener.

\`\`\`js
import { listen } from '@peerkit/events'

const stop = listen({
  'peerkit:request:denied': ({ peer, method, path, reason }) => { console.log(String(peer), method, path, reason) }
})
\`\`\`

${sections.join('\n')}`
}

function renderFailures (): string {
  const reasons = [...new Set(handshakeFailures.map(({ reason }) => reason))]
  return `# Handshake failures

This page is for the person who runs the server. A client could not connect, and the log has a line
\`mTLS handshake refused\` or \`mTLS handshake failed\`. The page says what that line means and what to do.

1. Find the \`reason\` and the \`code\` in the log line. The event \`peerkit:handshake:refused\` has them too.
2. Go to the section of the reason. Use the entry that names your code. If no entry names it, use *any other code*.
3. Read \`detail\` in the log line. It names the certificate that is at fault.

The \`hint\` in the log line contains the same text as the entry. When an open connection ends because its certificate
is no longer accepted, the log line \`mTLS connection no longer accepted\` has the same reasons.

## Words on this page

- A **certificate** says who a client or server is. It belongs to a **key**, which its owner keeps secret.
- In the **handshake**, before any HTTP is read, each side shows its certificate and proves that it has the key.
- A **CA** (certificate authority) issues certificates and signs them. The server trusts the **root** CAs in its options
  \`ca\` or \`authorities\`, and no others.
- An **intermediate** is a CA whose own certificate was signed by another CA. Client certificate, intermediates and root
  form a **chain**. A client sends its certificate and the intermediates. The server has the root.
- A CA can **revoke** a certificate before it expires. It publishes the revoked ones in a **CRL** (a signed list), or
  answers questions by **OCSP**. With the policy *hard*, a certificate whose status is unknown is refused.
- An **authority** is a name in the server's configuration for one or several CAs, with the names that their
  certificates may contain.
- A client can **resume** a TLS session: it connects again without sending its certificates.

The [glossary](glossary.md) has more.

## Reasons

${wrap(reasons.map((reason) => `[\`${reason}\`](#${reason})`).join(', '), '')}

With the reason \`protocol\` the log level is info instead of warn: the server refused nothing, the TLS handshake itself
failed.

${reasons.map(renderReason).join('\n')}
Codes are those of OpenSSL (\`X509_V_ERR_…\` without that prefix) and of Node. The page is generated from
\`handshakeFailures\` of \`@peerkit/events\`.
`
}

function renderReason (reason: string): string {
  const failures = handshakeFailures.filter((failure) => failure.reason === reason)
  const entries = failures.map(({ codes, meaning, remedy }) => {
    if (failures.length === 1) return `${wrap(meaning, '')}\n\n${wrap(`**What to do:** ${remedy}`, '')}\n`
    return `${wrap(`- **${nameCodes(codes)}:** ${meaning}`)}\n\n${wrap(`  **What to do:** ${remedy}`)}\n`
  })
  return `### \`${reason}\`\n\n${entries.join('\n')}`
}

function nameCodes (codes: readonly string[]): string {
  if (codes.length === 0) return 'Any other code, or none'
  return codes
    .map((code) => code.endsWith('*') ? `Other codes that begin with \`${code.slice(0, -1)}\`` : `\`${code}\``)
    .join(', ')
}

/** Breaks lines at 120 columns. */
function wrap (text: string, indent = '  '): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > 120) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}

function renderMetrics (): string {
  const rows = Object.entries(metricCatalogue).map(([name, { kind, unit, about, attributes }]) => {
    const list = Object.entries(attributes).map(([attribute, values]) => `\`${attribute}\` (${values})`).join('; ')
    return `| \`${name}\` | ${kind} | ${unit} | ${about} | ${list} |`
  })
  return `# Metrics

\`recordMetrics\` of \`@peerkit/mtls-monitor\` records these metrics through the OpenTelemetry API. Without an SDK, nothing
is recorded. This page is generated from \`metricCatalogue\`. Tests check that this page, the dashboard and the alert
rules of [examples/monitoring](../examples/monitoring/README.md) match it.

\`@opentelemetry/exporter-prometheus\` converts dots to underscores and adds \`_total\` to counters:
\`peerkit_requests_total\`. The OpenTelemetry Collector also adds the unit (\`peerkit_expiry_remaining_seconds\`). Set
\`add_metric_suffixes: false\` there, or use its names.

Clients cannot create an unlimited number of label values. The numbers of groups, issuers and origins are limited, and
all further ones are counted as \`other\`. No metric has a label for a client, a path or an address.

| metric | kind | unit | what | labels |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(renderDocuments())) writeFileSync(join(root, path), text)
}
