// Our dispatcher before Java's JSSE.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { folder, startProgram, stopProgram, testForeignServer } from './outbound-suite.ts'
import { requireTool } from './require-tool.ts'

const javac = requireTool('javac')
const java = requireTool('java')
const openssl = requireTool('openssl')
execFileSync(javac, ['-d', folder, join(import.meta.dirname, 'servers/Server.java')])

// com.sun.net.httpserver closes the socket before the alert is out: what is left is the closed connection.
const refusal = { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'closed', retryable: true, message: /most likely/ }

testForeignServer('Java', async (party, version) => {
  const keystore = join(folder, `${party.name}.p12`)
  execFileSync(openssl, ['pkcs12', '-export', '-in', party.cert, '-inkey', party.key, '-out', keystore, '-passout', 'pass:development', '-name', 'server'])
  const { match, lines, child } = await startProgram(java, ['-cp', folder, 'Server', keystore, party.ca, version], /^PORT (\d+)/)
  return { origin: `https://127.0.0.1:${match[1]}`, requests: () => lines.filter((line) => line.startsWith('REQUEST')), close: async () => { await stopProgram(child) } }
}, { echoes: true, resumes: { 1.2: true, 1.3: true }, refusal: { 1.2: refusal, 1.3: refusal } })
