import { test } from 'tap'
import { SpiffeOptionError, inspectWorkloadApi } from '../src/index.ts'
import { startAgent } from './support/agent.ts'
import { TrustDomain } from './support/world.ts'

const prod = await TrustDomain.make('prod.example')
const partner = await TrustDomain.make('partner.example')

test('everything that the agent gives but the keys, also what cannot be used', async (t) => {
  const agent = await startAgent(t)
  const svid = await prod.svid('/ledger', { hint: 'internal' })
  agent.push({
    svids: [svid, { ...await prod.svid('/batch'), certificates: Buffer.from('garbage') }, { ...svid, spiffeId: '', certificates: Buffer.alloc(0) }],
    federatedBundles: {
      'spiffe://partner.example': partner.bundle, 'spiffe://bad.example': Buffer.from('30'), 'spiffe://empty.example': Buffer.alloc(0), 'spiffe://Bad/x': partner.bundle
    },
    crls: [Buffer.from('x')]
  })
  const view = await inspectWorkloadApi({ socket: agent.address })
  t.match(view, {
    endpoint: agent.address,
    svids: [
      { spiffeId: 'spiffe://prod.example/ledger', hint: 'internal', chain: [{ spiffeId: 'spiffe://prod.example/ledger' }], problem: undefined },
      { spiffeId: 'spiffe://prod.example/batch', chain: [], problem: /certificate 1 is not DER/ },
      { spiffeId: '', chain: [], problem: 'it has no certificate' }
    ],
    crls: [Buffer.from('x')]
  })
  t.match(view.bundles.map(({ trustDomain, isOwn, problem }) => [trustDomain, isOwn, problem]), [
    ['prod.example', true, undefined], ['', true, /is not a trust domain/], ['partner.example', false, undefined],
    ['bad.example', false, /is not DER/], ['empty.example', false, 'it has no CA'], ['Bad', false, /is not a trust domain/]
  ])
  t.notOk(JSON.stringify(view).includes(Buffer.from(svid.key as Uint8Array).toString('base64').slice(0, 40)))
  await new Promise<void>((resolve) => {
    const [stream] = agent.streams
    if (stream === undefined || stream.closed) resolve()
    else stream.once('close', resolve)
  })
  t.equal(agent.streams.size, 0, 'the stream is closed')
})

test('no answer, and one that is none, are errors', async (t) => {
  const agent = await startAgent(t)
  t.match(await inspectWorkloadApi({ socket: agent.address, timeout: 50 }).catch((error: unknown) => error), {
    code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason: 'timeout', message: /no answer within 50 ms/
  })
  const answered = inspectWorkloadApi({ socket: agent.address }).catch((error: unknown) => error)
  await agent.nextCall()
  agent.pushRaw(Buffer.from([0, 0, 0, 0, 1, 0xff]))
  t.match(await answered, { reason: 'protocol' })
  agent.answer(7)
  await t.rejects(inspectWorkloadApi({ socket: agent.address }), { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', message: /denied|PermissionDenied|status 7/ })
  await t.rejects(inspectWorkloadApi({ socket: 'http://x' }), SpiffeOptionError)
  await t.rejects(inspectWorkloadApi({ sockt: agent.address } as object), { message: /did you mean "socket"/ })
})
