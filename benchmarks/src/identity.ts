// Parsing a certificate into a PeerIdentity beside Node's X509Certificate, read as far as an authorizer needs.
// Run: node --conditions=@peerkit/source src/identity.ts [rounds]
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { X509Certificate } from 'node:crypto'
import { formatRows, interleave } from './interleave.ts'

const ROUNDS = Number(process.argv[2] ?? 15)
const PER_ROUND = 4000

const ca = await createDevCa({ name: 'Benchmark CA' })
const named = { cn: 'billing-7', o: 'Acme', ou: ['ops', 'billing'], spiffe: 'spiffe://prod.example/ns/ops/sa/billing' }
const certificates = {
  'P-256': await ca.issue({ ...named, dns: 'billing.example' }),
  'RSA 2048': await (await createDevCa({ key: 'rsa-2048' })).issue({ ...named, dns: 'billing.example', key: 'rsa-2048' }),
  '100 DNS names': await ca.issue({ ...named, dns: Array.from({ length: 100 }, (_, index) => `host-${index}.billing.example`) }),
}

console.log(`Node ${process.version}, median of ${ROUNDS} interleaved rounds of ${PER_ROUND} certificates\n`)
for (const [kind, { der }] of Object.entries(certificates)) {
  const contenders = [
    { name: 'X509Certificate, constructed', measure: () => time(() => new X509Certificate(der)) },
    { name: 'X509Certificate, subject, names, validity, fingerprint read', measure: () => time(() => readAll(new X509Certificate(der))) },
    { name: 'parsePeerIdentity', measure: () => time(() => parsePeerIdentity(der)) },
  ]
  await interleave(contenders, 3)
  console.log(formatRows(`${kind}, ${der.length} octets`, 'ns a certificate', await interleave(contenders, ROUNDS)))
}

function readAll (certificate: X509Certificate): unknown {
  const { subject, issuer, subjectAltName, serialNumber, validFrom, validTo, fingerprint256, keyUsage, ca: isCa } = certificate
  return [subject, issuer, subjectAltName, serialNumber, validFrom, validTo, fingerprint256, keyUsage, isCa]
}

async function time (parse: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  for (let i = 0; i < PER_ROUND; i++) parse()
  return Number(process.hrtime.bigint() - start) / PER_ROUND
}
