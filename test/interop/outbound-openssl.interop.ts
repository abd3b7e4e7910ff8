// Our dispatcher before openssl s_server.
import { startProgram, stopProgram, testForeignServer } from './outbound-suite.ts'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const refusal = { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'alert', retryable: false, alert: { number: 48, name: 'unknown_ca' } }

testForeignServer('openssl s_server', async (party, version) => {
  const { match, lines, child } = await startProgram(openssl, ['s_server', '-accept', '127.0.0.1:0', '-cert', party.cert, '-cert_chain', party.cert, '-key', party.key, '-CAfile', party.ca,
    '-Verify', '2', '-verify_return_error', version === '1.2' ? '-tls1_2' : '-tls1_3', '-www'], /^ACCEPT .*:(\d+)/)
  return { origin: `https://127.0.0.1:${match[1]}`, requests: () => lines.filter((line) => line.startsWith('FILE:')), close: async () => { await stopProgram(child) } }
}, { echoes: false, resumes: { 1.2: true, 1.3: true }, refusal: { 1.2: refusal, 1.3: refusal } })
