// Documents that say what catalogues say. `node --conditions=@peerkit/source test/docs/documents.ts` writes them; documents.test.ts holds them to the catalogues.
import { catalogue, finerSteps, handshakeFailures, reasons, requestReasons } from '@peerkit/events'
import type { ReasonPlace } from '@peerkit/events'
import { metricCatalogue } from '@peerkit/mtls-monitor'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../architecture/source-graph.ts'

/** The documents by path, below the root. */
export function renderDocuments (): Readonly<Record<string, string>> {
  return { 'docs/events.md': renderEvents(), 'docs/handshake-failures.md': renderFailures(), 'docs/metrics.md': renderMetrics(), 'docs/reasons.md': renderReasons() }
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

Every message is \`{ v: 1, time, … }\`, \`time\` in milliseconds since the epoch. New fields may come within version 1; a
field that changes its meaning or goes moves the version. No message holds a private key or the value of a header. A
message is made only where somebody listens. \`emitterOf(message)\` is the object that published it, such as the server of
the app; \`listen(…, { server: app.server })\` hears one app.

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

const PLACES: Readonly<Record<ReasonPlace, string>> = {
  certificate: 'inbound, outbound, forwarded', inbound: 'inbound', outbound: 'outbound', forwarded: 'forwarded', credentials: 'credentials'
}

function renderReasons (): string {
  const rows = Object.entries(reasons).map(([reason, { places, meaning, remedy }]) => {
    return `| \`${reason}\` | ${meaning} | ${places.map((place) => PLACES[place]).join(', ')} | ${remedy} |`
  })
  const steps = Object.entries(finerSteps).map(([step, reason]) => `| \`${step}\` | \`${reason}\` |`)
  const requests = Object.entries(requestReasons).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`)
  return `# Reasons

This page is for people who read logs or write alerts. It explains every \`reason\` that Peerkit gives. The same fact has
the same word everywhere: in log lines, the [audit log](audit.md), [events](events.md), [metrics](metrics.md) (label
\`error.type\`), errors, the console and the command \`peerkit\`.

It is generated from \`reasons\`, \`finerSteps\` and \`requestReasons\` of \`@peerkit/events\`, from which the types are made
too.

## Certificates and connections

Where a reason occurs:

- **inbound:** a client was refused in the handshake, or its open connection is no longer accepted.
  [Handshake failures](handshake-failures.md) says more, by code.
- **outbound:** a call by \`undici-mtls\` failed. The reason is in \`error.reason\`, beside the code of [errors](errors.md).
- **forwarded:** the header of a gateway was refused.
- **credentials:** own certificates, keys, CAs or CRLs were refused (\`MTLS_ERR_CREDENTIALS_REFUSED\`).

| reason | meaning | where | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}

## Steps

\`step\` names the check that failed. For most checks it is the reason. These steps say more than their reason:

| step | reason |
| --- | --- |
${steps.join('\n')}

If OpenSSL refused the certificate and its cause was not determined, \`step\` is the code of OpenSSL.

## Requests

Why the rules denied a request (\`peerkit:request:denied\`):

| reason | meaning |
| --- | --- |
${requests.join('\n')}
`
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

Counters start at 0 for the label values that are known when the process starts: reasons, results, kinds, thresholds and
the first ten authorities. So \`increase()\` sees the first event. The series of groups, issuers, origins and further
authorities start with their first event: see the alert rules for how to ask for those.

| metric | kind | unit | what | labels |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(renderDocuments())) writeFileSync(join(root, path), text)
}
