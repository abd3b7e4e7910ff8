// Our dispatcher before Go's crypto/tls.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { folder, startProgram, stopProgram, testForeignServer } from './outbound-suite.ts'
import { requireTool } from './require-tool.ts'

const go = requireTool('go')
const binary = join(folder, 'server')
// The standard library alone: nothing is fetched.
execFileSync(go, ['build', '-o', binary, join(import.meta.dirname, 'servers/server.go')], { env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' } })

testForeignServer('Go', async (party, version) => {
  const { match, lines, child } = await startProgram(binary, [party.cert, party.key, party.ca, version], /^PORT (\d+)/)
  return { origin: `https://127.0.0.1:${match[1]}`, requests: () => lines.filter((line) => line.startsWith('REQUEST')), close: async () => { await stopProgram(child) } }
}, {
  echoes: true,
  resumes: { 1.2: true, 1.3: true },
  refusal: {
    1.2: { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'alert', retryable: false, alert: { number: Number, name: String } },
    1.3: { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'alert', retryable: false, alert: { number: Number, name: String } }
  },
  http2: true
})
