// The first request of a forwarded client, compared with the minimum: finding that its header is not known, parsing the
// certificate and, if there is a chain, verifying its signatures.
import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createForwardedReader } from '@peerkit/forwarded'
import type { ForwardedReaderOptions, ForwardedRequest } from '@peerkit/forwarded'
import { parsePeerIdentity } from '@peerkit/identity'
import { createPathValidator } from '@peerkit/trust'
import type { Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import type { Measured } from './compare.ts'
import { issueClient, makeAuthority } from './forge/authority.ts'
import type { Authority } from './forge/authority.ts'
import { makeKeys } from './forge/certificate.ts'
import type { Certificate, Keys } from './forge/certificate.ts'
import { USUAL } from './forwarded-headers.ts'

const GATEWAY = '127.0.0.1'
const METRICS: readonly Metric[] = [{ key: 'us', title: 'CPU µs a request', digits: 1, ratio: true }]

/** A client, with its issuer if that is forwarded. */
interface Client { readonly leaf: Certificate, readonly issuer: Authority | undefined }

/** Names and values in turn; the value that is the client's last. */
type Write = (client: Client) => string[]

const base64 = ({ der }: Certificate): string => der.toString('base64')
const escaped = (certificates: ReadonlyArray<Certificate | undefined>): string => {
  return encodeURIComponent(certificates.map((certificate) => certificate?.pem ?? '').join(''))
}
const writeRfc9440: Write = ({ leaf, issuer }) => [
  ...issuer === undefined ? [] : ['Client-Cert-Chain', `:${base64(issuer.certificate)}:`],
  'Client-Cert', `:${base64(leaf)}:`
]
const writeNginx: Write = ({ leaf }) => ['ssl-client-verify', 'SUCCESS', 'ssl-client-cert', escaped([leaf])]
const writeXfcc: Write = ({ leaf }) => [
  'x-forwarded-client-cert', `By=spiffe://bench.example/edge;Cert="${escaped([leaf])}";Subject="";URI=`
]
const writeAlb: Write = ({ leaf, issuer }) => ['x-amzn-mtls-clientcert', escaped([leaf, issuer?.certificate])]

export const run: Run = async ({ quick, rounds }) => {
  const root = makeAuthority('Benchmark root CA')
  const intermediate = makeAuthority('Benchmark CA', root)
  const keys = makeKeys()
  const plain = (): Client => ({ leaf: issueClient(intermediate, [], keys).certificate, issuer: undefined })
  const below = (issuer: Authority): Client => ({ leaf: issueClient(issuer, [], keys).certificate, issuer })
  const known = (): Client => below(intermediate)
  const fresh = (): Client => below(makeAuthority('Another CA', root))
  const many = quick ? 50 : 2_000
  const some = quick ? 20 : 300
  const validated = (make: () => Client): Measured => reading('aws-alb-passthrough, validated in process', {
    format: 'aws-alb-passthrough',
    validator: createPathValidator({ anchors: () => [root.certificate.der], generation: () => 1 })
  }, writeAlb, make, some)
  const sections = [
    {
      title: 'First request without a chain',
      contenders: [
        timing('one look-up, parsePeerIdentity', many, plain, () => parseAlone()),
        timing('the same, and base64 decoded', many, plain, () => parseDecoded()),
        reading('rfc9440', { format: 'rfc9440' }, writeRfc9440, plain, many),
        reading('nginx', { format: 'nginx' }, writeNginx, plain, many),
        reading('xfcc', { format: 'xfcc' }, writeXfcc, plain, many)
      ]
    },
    {
      title: 'First request with a chain, its intermediate known',
      contenders: [
        timing('one look-up, parsePeerIdentity, one signature', some, known, () => verifyLeaf(intermediate.keys)),
        validated(known),
        reading('rfc9440, validated by the gateway', { format: 'rfc9440' }, writeRfc9440, known, some)
      ]
    },
    {
      title: 'First request with a chain, its intermediate never seen',
      contenders: [
        timing('one look-up, parsePeerIdentity twice, two signatures', some, fresh, () => verifyBoth(root.keys)),
        validated(fresh)
      ]
    }
  ]
  const measured: Array<Awaited<ReturnType<typeof compare>>> = []
  for (const { title, contenders } of sections) {
    await compare('Warm-up', METRICS, contenders, 2)
    measured.push(await compare(title, METRICS, contenders, 2 * rounds, ['Each header is used once.']))
  }
  return measured
}

/** The reader remembers what it has read, as in production. */
function reading (
  name: string, options: Omit<ForwardedReaderOptions, 'gateways'>, write: Write, make: () => Client, count: number
): Measured {
  const reader = createForwardedReader({ ...options, gateways: { addresses: [GATEWAY] } })
  return {
    name,
    async measure () {
      const requests = Array.from({ length: count }, () => requestOf(write(make())))
      return time(requests, (request) => {
        const result = reader.read(request)
        if (!(result instanceof Promise) && result.state === 'accepted') return
        throw new Error(`${name}: ${JSON.stringify(result)}`)
      })
    }
  }
}

type Work = (value: string, client: Client, known: Map<string, unknown>) => void

/** The minimum of work, with the value of rfc9440. `work` gets the value as a parser makes it. */
function timing (name: string, count: number, make: () => Client, start: () => Work): Measured {
  const known = new Map<string, unknown>(Array.from({ length: 100 }, () => [asParsed(base64(make().leaf)), {}]))
  const work = start()
  return {
    name,
    async measure () {
      const clients = Array.from({ length: count }, () => {
        const client = make()
        return { client, value: asParsed(base64(client.leaf)) }
      })
      return time(clients, ({ client, value }) => { work(value, client, known) })
    }
  }
}

function parseAlone (): Work {
  return (value, { leaf }, known) => { if (known.get(value) === undefined) parsePeerIdentity(leaf.der) }
}

function parseDecoded (): Work {
  return (value, _client, known) => {
    if (known.get(value) === undefined) parsePeerIdentity(Buffer.from(value, 'base64'))
  }
}

function verifyLeaf ({ verifier }: Keys): Work {
  return (value, { leaf }, known) => {
    if (known.get(value) !== undefined) return
    parsePeerIdentity(leaf.der)
    verifyWith(verifier, leaf)
  }
}

function verifyBoth (root: Keys): Work {
  return (value, { leaf, issuer }, known) => {
    if (known.get(value) !== undefined || issuer === undefined) return
    parsePeerIdentity(leaf.der)
    parsePeerIdentity(issuer.certificate.der)
    verifyWith(createPublicKey({ key: issuer.keys.spki, format: 'der', type: 'spki' }), leaf)
    verifyWith(root.verifier, issuer.certificate)
  }
}

function verifyWith (key: KeyObject, { tbs, signature }: Certificate): void {
  if (!verify('sha256', tbs, key, signature)) throw new Error('a signature is wrong')
}

function requestOf (headers: readonly string[]): ForwardedRequest {
  return { rawHeaders: [...USUAL, ...headers].map(asParsed), sender: undefined, remoteAddress: GATEWAY }
}

/** As a parser makes it: a new string, whose hash V8 has not computed yet. */
function asParsed (text: string): string { return Buffer.from(text, 'latin1').toString('latin1') }

function time<Item> (items: readonly Item[], work: (item: Item) => void): { us: number } {
  (globalThis as { gc?: () => void }).gc?.()
  const before = process.cpuUsage()
  for (const item of items) work(item)
  const { user, system } = process.cpuUsage(before)
  return { us: (user + system) / items.length }
}
