import { createHash, X509Certificate } from 'node:crypto'
import { createForwardedReader } from '../../src/index.ts'
import type { ChainValidator } from '../../src/index.ts'
import { ca, client, gateways, tricky } from '../../test/support/people.ts'
import { writers } from '../../test/support/writers.ts'
import type { Target } from './run.ts'

const others = await Promise.all(['one', 'two'].map(async (cn) => await ca.issue({ cn, profile: 'client' })))
const people = [client, tricky, ...others].map(({ der }) => der)
const issued = new Set([...people, ca.der].map((der) => Buffer.from(der).toString('base64')))
const key = new X509Certificate(ca.der).publicKey

/** Whom our CA signed: what is changed in a certificate is not forgiven. */
const signed: ChainValidator = {
  validate (leaf) {
    try {
      return new X509Certificate(leaf).verify(key)
        ? { valid: true, path: [ca.der], until: Infinity }
        : { valid: false, reason: 'signature' }
    } catch {
      return { valid: false, reason: 'unreadable' }
    }
  }
}

/** Headers that hold a verdict, and what they say of a verified certificate. */
const VERDICTS = [
  'ssl-client-verify', 'ssl-client-used', 'x-client-cert-verification', 'x-client-cert-present',
  'x-client-cert-chain-verified', 'cf-cert-verified', 'x-my-verdict'
]

const withCertificates: Target[] = writers.flatMap((writer) => {
  const seeds = people.flatMap((der) => {
    return [writer.write(der, []), writer.write(der, [ca.der]), ...writer.unverified?.(der) ?? []]
  })
  const verified = writer.write(client.der, [])
  const verdicts = new Map(VERDICTS.flatMap((name) => {
    const at = verified.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
    return at === -1 ? [] : [[name, verified[at + 1] as string] as const]
  }))
  const all = [...seeds, ...writer.none.filter((headers) => headers.length > 0)]
  const { options, name } = writer
  const validated = {
    name,
    reader: createForwardedReader({ ...options, gateways, validator: signed, cacheSize: 500 }),
    seeds: all,
    truth: { issued, verdicts }
  }
  if (!writer.verifies) return [validated]
  return [validated, {
    name: `${name}, believed`,
    reader: createForwardedReader({ ...options, gateways, cacheSize: 500 }),
    seeds: all,
    truth: { issued: undefined, verdicts }
  }]
})

const told = people.map((der) => createHash('sha256').update(der).digest('hex'))
const withoutCertificates: Target[] = [
  {
    name: 'xfcc without certificates',
    reader: createForwardedReader({ format: 'xfcc', gateways }),
    seeds: told.flatMap((hash) => [
      [
        'x-forwarded-client-cert',
        `By=spiffe://prod.example/edge;Hash=${hash};Subject="CN=a\\+b\\=c,O=M\\C3\\BCller\\, ` +
          'S\\C3\\B6hne \\"x\\"";URI=spiffe://prod.example/billing'
      ],
      [
        'x-forwarded-client-cert',
        `By=spiffe://prod.example/edge;Hash=${hash};Subject="";URI=https://x.example/?a=b;DNS=a.example;DNS=b.example`
      ]
    ]),
    truth: { issued: undefined, verdicts: new Map() }
  },
  {
    name: 'linkerd',
    reader: createForwardedReader({ format: 'linkerd', gateways }),
    seeds: [
      ['l5d-client-id', 'web.prod.serviceaccount.identity.linkerd.cluster.local'],
      ['l5d-client-id', 'spiffe://root.linkerd.cluster.local/vm']
    ],
    truth: { issued: undefined, verdicts: new Map() }
  }
]

/** Every format, with what its gateway writes. */
export const targets: readonly Target[] = [...withCertificates, ...withoutCertificates]
