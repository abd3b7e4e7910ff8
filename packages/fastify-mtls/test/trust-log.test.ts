import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import { logTrustChanges } from '../src/trust-log.ts'

test('every change of the trust is written to the log, and the same refusal once', async (t) => {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await ca.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({ cert, key, ca: ca.root, crl: (await ca.crl()).pem })
  t.after(async () => { await credentials.close() })
  const lines: Array<readonly [level: string, text: string, fields: any]> = []
  const writer = (level: string) => (fields: any, text: string): void => { lines.push([level, text, fields]) }
  let hasAudit = false
  const end = logTrustChanges(credentials, { info: writer('info'), warn: writer('warn') } as any, () => hasAudit)
  const seen = (): unknown => lines.splice(0).map(([level, text]) => `${level}: ${text}`)

  credentials.update({ ca: [ca.root, other.root] })
  t.match(lines[0]?.[2], { generation: 2, trustChanged: true, notAfter: /^\d{4}-/ })
  t.match(seen(), [/: new credentials in force/])

  for (let turn = 0; turn < 2; turn++) t.throws(() => { credentials.update({ crl: [] }) })
  t.match(lines[0]?.[2], { code: /^MTLS_ERR_/, detail: /CRL of .* is missing, which is in force/, generation: 2 })
  t.strictSame(seen(), ['warn: new credentials refused; those in force stay'])

  t.throws(() => { credentials.update({ cert: 'no PEM' }) })
  t.throws(() => { credentials.update({ crl: [] }) })
  t.strictSame(seen(), Array(2).fill('warn: new credentials refused; those in force stay'), 'another cause is told, and the first again')

  hasAudit = true
  t.throws(() => { credentials.update({ cert: 'no PEM' }) })
  hasAudit = false
  end()
  credentials.update({ ca: [ca.root, other.root], crl: (await ca.crl()).pem })
  t.strictSame(seen(), [], 'an audit log has lines of its own; and the end is the end')
})
