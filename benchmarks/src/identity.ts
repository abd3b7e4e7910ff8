// Parsing a certificate into a PeerIdentity, compared with Node's X509Certificate and the fields that rules need.
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { X509Certificate } from 'node:crypto'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'

const PER_ROUND = 4_000
const METRICS: readonly Metric[] = [{ key: 'ns', title: 'ns a certificate', ratio: true }]

export const run: Run = async ({ quick, rounds }) => {
  const perRound = quick ? 100 : PER_ROUND
  const sections: Comparison[] = []
  for (const [kind, der] of Object.entries(await mintCertificates())) {
    const contenders = [
      { name: 'X509Certificate, constructed', measure: async () => time(perRound, () => new X509Certificate(der)) },
      {
        name: 'X509Certificate, subject, names, validity, fingerprint read',
        measure: async () => time(perRound, () => readAll(new X509Certificate(der)))
      },
      { name: 'parsePeerIdentity', measure: async () => time(perRound, () => parsePeerIdentity(der)) }
    ]
    await compare('Warm-up', METRICS, contenders, 3)
    sections.push(await compare(`${kind}, ${der.length} octets`, METRICS, contenders, 2 * rounds))
  }
  return sections
}

async function mintCertificates (): Promise<Record<string, Uint8Array>> {
  const [ca, rsa] = [await createDevCa({ name: 'Benchmark CA' }), await createDevCa({ key: 'rsa-2048' })]
  const named = {
    cn: 'billing-7', o: 'Acme', ou: ['ops', 'billing'], spiffe: 'spiffe://prod.example/ns/ops/sa/billing'
  }
  return {
    'P-256': (await ca.issue({ ...named, dns: 'billing.example' })).der,
    'RSA 2048': (await rsa.issue({ ...named, dns: 'billing.example', key: 'rsa-2048' })).der,
    '100 DNS names': (await ca.issue({
      ...named, dns: Array.from({ length: 100 }, (_, index) => `host-${index}.billing.example`)
    })).der
  }
}

function readAll (certificate: X509Certificate): unknown {
  const {
    subject, issuer, subjectAltName, serialNumber, validFrom, validTo, fingerprint256, keyUsage, ca: isCa
  } = certificate
  return [subject, issuer, subjectAltName, serialNumber, validFrom, validTo, fingerprint256, keyUsage, isCa]
}

function time (count: number, parse: () => unknown): { ns: number } {
  const start = performance.now()
  for (let index = 0; index < count; index += 1) parse()
  return { ns: (performance.now() - start) / count * 1e6 }
}
