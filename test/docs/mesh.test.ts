// docs/recipes/mesh.md: what it tells the app is given to the reader, which gets the headers as the proxies write them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createForwardedReader } from '@peerkit/forwarded'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'
import { evaluateBlock } from './forwarded-blocks.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })
process.env['POD_IP'] = '10.9.8.7'
const fences = readFences(readFileSync(join(root, 'docs/recipes/mesh.md'), 'utf8'))
const ORDERS = 'spiffe://cluster.local/ns/prod/sa/orders'
/** As the sidecar of Istio writes it. */
const element = (id: string): string => `By=spiffe://cluster.local/ns/prod/sa/ledger;Hash=${'ab'.repeat(32)};Subject="";URI=${id}`

async function readerOf (format: string): Promise<(remoteAddress: string, ...rawHeaders: string[]) => unknown> {
  const block = fences.find(({ info, code }) => info === 'js' && code.startsWith(`// ${format}`))!
  const reader = createForwardedReader((await evaluateBlock(block, scratch.path)).forwarded)
  return (remoteAddress, ...rawHeaders) => reader.read({ rawHeaders, remoteAddress, sender: undefined })
}

t.test('Istio: the caller of the sidecar is known by its SPIFFE ID, from the two addresses and no other', async (t) => {
  const read = await readerOf('xfcc')
  for (const address of ['127.0.0.6', '127.0.0.1']) {
    t.match(read(address, 'X-Forwarded-Client-Cert', element(ORDERS)), { state: 'accepted', identity: { spiffeId: ORDERS } })
  }
  t.match(read('10.1.2.3', 'X-Forwarded-Client-Cert', element(ORDERS)), { state: 'refused', reason: 'untrusted_sender' })
  t.match(read('127.0.0.6', 'X-Forwarded-Client-Cert', `${element(ORDERS)},${element(ORDERS.replace('orders', 'web'))}`), { state: 'refused', reason: 'hop_count' })
  t.match(read('127.0.0.6'), { state: 'anonymous' }, 'PERMISSIVE, and no certificate')
})

t.test('Linkerd: the caller is known by its DNS name, from this pod alone', async (t) => {
  const read = await readerOf('linkerd')
  const name = 'orders.prod.serviceaccount.identity.linkerd.cluster.local'
  for (const address of ['127.0.0.1', '10.9.8.7']) {
    t.match(read(address, 'l5d-client-id', name), { state: 'accepted', identity: { subjectAltNames: { dns: [name] } } })
  }
  t.match(read('10.1.2.3', 'l5d-client-id', name), { state: 'refused', reason: 'untrusted_sender' })
})

t.test('the manifests are YAML, and the ports are those of the code', async (t) => {
  const manifests = fences.filter(({ info }) => info === 'yaml').flatMap(({ code }) => parseAllDocuments(code).map((one) => one.toJS()))
  t.same(manifests.map(({ kind }) => kind), ['PeerAuthentication', 'Deployment', 'Deployment'])
  for (const { spec } of manifests.filter(({ kind }) => kind === 'Deployment')) {
    t.same(spec.selector.matchLabels, { app: spec.template.metadata.labels.app })
    const [{ containerPort }] = spec.template.spec.containers[0].ports
    t.ok(fences.filter(({ code }) => code.includes(`port: ${containerPort} })`)).length === 2)
  }
  t.equal(manifests[0].spec.mtls.mode, 'STRICT')
  const annotation = manifests[1].spec.template.metadata.annotations['proxy.istio.io/config']
  t.same(parseAllDocuments(annotation).map((one) => one.toJS()), [{ proxyHeaders: { forwardedClientCert: 'SANITIZE_SET' } }])
})
