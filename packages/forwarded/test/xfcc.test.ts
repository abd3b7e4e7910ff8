import { createHash } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { ForwardedReaderOptions, ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'
import { ca, client, gateway, gateways, tricky } from './support/people.ts'
import { escape } from './support/writers.ts'

const DAY = 86_400_000
/** Whole seconds, as certificates have them. */
const START = Math.floor(Date.now() / 1_000) * 1_000
const HASH = '468ed33be74eee6556d90c0149c1309e9ba61d6425303443c0748a02dd8de688'
const read = (text: string, more: Partial<ForwardedReaderOptions> = {}): ForwardedResult =>
  createForwardedReader({ format: 'xfcc', gateways, ...more }).read({
    rawHeaders: ['x-forwarded-client-cert', text], sender: gateway, remoteAddress: undefined
  }) as ForwardedResult
const identityOf = (result: ForwardedResult): PeerIdentity | undefined =>
  result.state === 'accepted' ? result.identity : undefined
const hashOf = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex')
const certOf = (der: Uint8Array): string => `"${escape(encodePem(der))}"`

test('documented: Envoy\'s own examples', async (t) => {
  const one = identityOf(
    read(
      `By=http://frontend.lyft.com;Hash=${HASH};Subject="/C=US/ST=CA/L=San Francisco/OU=Lyft/CN=Test ` +
        'Client";URI=http://testclient.lyft.com'
    )
  )
  t.match(one, {
    fingerprint256: HASH,
    subject: undefined,
    subjectAltNames: { uri: ['http://testclient.lyft.com'] },
    source: 'forwarded',
    via: [gateway],
    raw: undefined
  })
  t.same(one?.subjectAltNames?.unknown.includes('dns'), true, 'what is not told is unknown')
  const many = read(
    `By=http://frontend.lyft.com;Hash=${HASH};URI=http://testclient.lyft.com,By=http://backend.lyft.com;Hash=9ba61d6425303443c0748a02dd8de688468ed33be74eee6556d90c0149c1309e;URI=http://frontend.lyft.com`
  )
  t.match(many, { state: 'refused', reason: 'hop_count' })
})

test('documented: Istio\'s sidecars tell a SPIFFE ID and no certificate', async (t) => {
  const peer = identityOf(read(
    `By=spiffe://cluster.local/ns/foo/sa/httpbin;Hash=${HASH};Subject="";URI=spiffe://cluster.local/ns/foo/sa/sleep`
  ))
  t.match(peer, { spiffeId: 'spiffe://cluster.local/ns/foo/sa/sleep', fingerprint256: HASH, subject: undefined })
})

test('a subject is read by its escapes', async (t) => {
  const peer = identityOf(
    read(
      `Hash=${HASH};Subject="CN=a\\+b\\=c/CN\\=admin,OU=billing\\, CN\\=admin,OU=ops,O=M\\C3\\BCller\\, ` +
        'S\\C3\\B6hne & Co\\;KG,C=DE";URI='
    )
  )
  t.match(
    peer?.subject,
    { commonName: 'a+b=c/CN=admin', organization: 'Müller, Söhne & Co;KG', organizationalUnit: 'billing, CN=admin' }
  )
  t.match(identityOf(read(`Hash=${HASH};Subject="CN=say \\"x\\";O=\\\\"`))?.subject, undefined)
  t.match(
    identityOf(read(`Hash=${HASH};Subject="CN=say \\"x\\",O=\\\\"`))?.subject,
    { commonName: 'say "x"', organization: '\\' }
  )
})

test('the certificate is the identity, and whatever stands beside it only has to agree', async (t) => {
  const cert = certOf(tricky.der)
  const chain = `"${escape(encodePem(tricky.der) + encodePem(ca.der))}"`
  for (const text of [
    `Hash=${hashOf(tricky.der)};Cert=${cert}`,
    `By=a;By=b;Hash=${hashOf(tricky.der).toUpperCase()};Cert=${cert};Subject="CN=admin";URI=spiffe://prod.example/admin;DNS=admin.example`,
    `Chain=${chain}`,
    `CERT=${cert};chain=${chain}`, `Cert=${escape(encodePem(tricky.der))}`
  ]) {
    const peer = identityOf(read(text))
    t.same(peer?.raw, Buffer.from(tricky.der), text.slice(0, 40))
    t.match(
      peer, { spiffeId: undefined, subject: { commonName: 'a+b=c/CN=admin' }, subjectAltNames: { dns: ['a.example'] } }
    )
  }
  for (const text of [
    `Hash=${HASH};Cert=${cert}`, `Cert=${cert};Chain=${certOf(client.der)}`, `Cert=${chain}`, 'Cert="x"', 'Chain="x"',
    `Cert=${cert};Chain="x"`, `Cert=${cert};Cert=${cert}`, `Hash=x;Cert=${cert}`,
    `URI=spiffe://prod.example/admin;Cert=${cert}`, `Hash=${HASH};Hash=${hashOf(tricky.der)};Cert=${cert}`,
    `Cert="${escape(escape(encodePem(tricky.der)))}"`, `Cert=${cert.replaceAll('%2B', ' ').replaceAll('%0A', '%00')}`
  ]) t.match(read(text), { state: 'refused', reason: 'malformed' }, text.slice(0, 60))
})

test('a name that Envoy does not quote cannot write another name', async (t) => {
  // One URI name "https://x;DNS=admin.example", one of "spiffe://prod.example/admin;DNS=x", one with a comma in it.
  for (const text of [
    `Hash=${HASH};Subject="CN=me";URI=https://x;DNS=admin.example`,
    `Hash=${HASH};Subject="CN=me";URI=spiffe://prod.example/admin;DNS=x`,
    `Hash=${HASH};Subject="CN=me";URI=https://x;URI=spiffe://prod.example/admin`,
    `Hash=${HASH};Subject="CN=me";URI=;DNS=a;DNS=admin.example`,
    `Hash=${HASH};Subject="CN=me";URI=spiffe://prod.example/admin;DNS=`
  ]) {
    const peer = identityOf(read(text))
    t.match(
      peer,
      { spiffeId: undefined, subjectAltNames: undefined, subject: { commonName: 'me' }, fingerprint256: HASH },
      text
    )
  }
  t.match(
    read(`Hash=${HASH};URI=https://x,Hash=${hashOf(client.der)};URI=spiffe://prod.example/admin`),
    { state: 'refused', reason: 'hop_count' }
  )
  t.match(read(`Hash=${HASH};URI=https://x;Subject="CN=admin"`), { state: 'refused', reason: 'malformed' })
  t.match(read(`URI=https://x;Hash=${HASH}`), { state: 'refused', reason: 'malformed' })
  t.match(identityOf(read(`Hash=${HASH};URI=;DNS=a.example`)), { subjectAltNames: { dns: ['a.example'] } })
})

test('an element that names nobody is refused, and so is a name that is none', async (t) => {
  for (const text of ['By=spiffe://prod.example/edge', 'By=a;Subject="";URI=', 'Hash=']) {
    t.match(read(text), { state: 'refused', reason: 'malformed' }, text)
  }
  t.match(read('URI=spiffe://Prod.Example/x'), { state: 'accepted', identity: { spiffeId: undefined } })
  t.match(read('URI=sp\u00e4t://x'), { state: 'refused', reason: 'unreadable' })
})

test('hops are counted, and each gateway further out must be one of ours', async (t) => {
  const edge = `By=spiffe://prod.example/edge;Hash=${hashOf(client.der)};Cert=${certOf(client.der)}`
  const inner = `By=spiffe://prod.example/inner;Hash=${HASH};Subject="";URI=spiffe://prod.example/edge`
  const hopGateways = {
    authorize: ({ spiffeId }: PeerIdentity) => ({ allowed: spiffeId === 'spiffe://prod.example/edge' })
  }
  const two = { trustedHops: 2, hopGateways }
  const peer = identityOf(read(`${edge},${inner}`, two))
  t.same(peer?.raw, Buffer.from(client.der))
  t.match(peer?.via.map(String), [/edge/, /gateway/], 'the nearest is the last')
  t.match(read(inner, two), { state: 'refused', reason: 'hop_count' }, 'the edge would be taken for the client')
  t.match(
    read(`${edge},${edge},${inner}`, two), { state: 'refused', reason: 'hop_count' },
    'a client brought an element of its own'
  )
  t.match(
    read(`${edge},${inner.replace('/edge', '/other')}`, two), { state: 'refused', reason: 'untrusted_hop' },
    'somebody else called the inner proxy'
  )
  t.match(read(`${edge},By=x`, two), { state: 'refused', reason: 'malformed' })
  t.match(
    read(`${edge},${inner}`, { trustedHops: 2 }), { state: 'refused', reason: 'untrusted_hop' },
    'without hopGateways the rule for gateways decides'
  )
  t.match(
    read(`${edge},${inner}`, { trustedHops: 2, hopGateways: { authorize: async () => ({ allowed: true }) } }),
    { state: 'refused', reason: 'untrusted_hop' }
  )
})

test('of three hops every gateway is asked about: one that is not ours refuses the request, whichever it is', async (t) => {
  const hop = (name: string): string => `By=spiffe://prod.example/x;Hash=${HASH};Subject="";URI=spiffe://prod.example/${name}`
  const front = `By=spiffe://prod.example/edge;Hash=${hashOf(client.der)};Cert=${certOf(client.der)}`
  const hopGateways = {
    authorize: ({ spiffeId }: PeerIdentity) => ({ allowed: spiffeId?.startsWith('spiffe://prod.example/gateway-') === true })
  }
  const three = (...hops: string[]): ForwardedResult => read([front, ...hops].join(','), { trustedHops: 3, hopGateways })
  t.match(identityOf(three(hop('gateway-1'), hop('gateway-2')))?.via.map(String), [/gateway-1/, /gateway-2/, /gateway/])
  t.match(three(hop('other'), hop('gateway-2')), { state: 'refused', reason: 'untrusted_hop' }, 'the outer one')
  t.match(three(hop('gateway-1'), hop('other')), { state: 'refused', reason: 'untrusted_hop' }, 'the inner one')
  t.match(three(hop('other'), hop('other')), { state: 'refused', reason: 'untrusted_hop' })
  t.match(three('By=a', hop('gateway-2')), { state: 'refused', reason: 'malformed' }, 'the outer one names nobody')
  t.match(three(hop('gateway-1'), 'By=a'), { state: 'refused', reason: 'malformed' }, 'the inner one names nobody')
})

test('the certificates of all hops must be in their time, whichever ends or begins', async (t) => {
  const issue = async (cn: string, days: readonly [number, number]): Promise<string> => certOf((await ca.issue({
    cn, notBefore: new Date(START + days[0] * DAY), notAfter: new Date(START + days[1] * DAY)
  })).der)
  const [long, short, later] = [
    await issue('long', [-1, 30]), await issue('short', [-1, 2]), await issue('later', [1, 30])
  ]
  const hopGateways = { authorize: () => ({ allowed: true }) }
  const at = (days: number, ...certs: string[]): ForwardedResult => read(
    certs.map((cert) => `Cert=${cert}`).join(','), { trustedHops: 3, hopGateways, now: () => START + days * DAY }
  )
  for (const chain of [[short, long, long], [long, short, long], [long, long, short]]) {
    t.match(at(1, ...chain), { state: 'accepted' })
    t.match(at(3, ...chain), { state: 'refused', reason: 'expired' }, `short is number ${chain.indexOf(short)}`)
  }
  for (const chain of [[later, long, long], [long, later, long], [long, long, later]]) {
    t.match(at(2, ...chain), { state: 'accepted' })
    t.match(at(0, ...chain), { state: 'refused', reason: 'not_yet_valid' }, `later is number ${chain.indexOf(later)}`)
  }
})

test('the chain of each hop has its length limit, and one beyond it refuses the request', async (t) => {
  const leaf = (await ca.issue({ cn: 'hop' })).der
  const chainOf = (length: number): string => `Cert=${certOf(leaf)};Chain="${escape(encodePem(leaf) + encodePem(ca.der).repeat(length))}"`
  const hopGateways = { authorize: () => ({ allowed: true }) }
  const at = (...lengths: number[]): ForwardedResult => read(lengths.map(chainOf).join(','), { trustedHops: 3, hopGateways, maxChainLength: 2 })
  t.match(at(2, 2, 2), { state: 'accepted' })
  for (const lengths of [[3, 2, 2], [2, 3, 2], [2, 2, 3]]) {
    t.match(at(...lengths), { state: 'refused', reason: 'chain_too_long' }, String(lengths))
  }
})

test('in process there must be a certificate to validate', async (t) => {
  const validator = { validate: () => ({ valid: true as const, path: [], until: Infinity }) }
  t.match(
    read(`Hash=${HASH};URI=spiffe://prod.example/x`, { verification: 'in-process', validator }),
    { state: 'refused', reason: 'certificate_missing' }
  )
  t.match(
    read(`Hash=${HASH};URI=spiffe://prod.example/x`, { validator }),
    { state: 'refused', reason: 'certificate_missing' }, 'nor can both agree'
  )
  t.match(
    read(`Cert=${certOf(client.der)}`, { verification: 'in-process', validator }),
    { state: 'accepted', identity: { chain: [] } }
  )
})
