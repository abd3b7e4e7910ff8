import { BlockList } from 'node:net'
import { createPartialIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { createGatewayTrust } from '../src/reader/gateway-trust.ts'

const gateway = createPartialIdentity({ spiffeId: 'spiffe://prod.example/gateway', source: 'tls' })
const identity = {
  authorize: (peer: { spiffeId?: string | undefined }) => {
    return { allowed: peer.spiffeId === 'spiffe://prod.example/gateway' }
  }
}

test('believes a gateway by its own identity', async (t) => {
  const isTrusted = createGatewayTrust({ identity })
  t.equal(isTrusted({ sender: gateway, remoteAddress: '192.0.2.1' }), true)
  t.equal(isTrusted({
    sender: createPartialIdentity({ spiffeId: 'spiffe://prod.example/other' }), remoteAddress: '192.0.2.1'
  }), false)
  t.equal(isTrusted({ sender: undefined, remoteAddress: '192.0.2.1' }), false)
})

test('believes nobody by an answer that is still to come', async (t) => {
  const isTrusted = createGatewayTrust({ identity: { authorize: async () => ({ allowed: true }) } })
  t.equal(isTrusted({ sender: gateway, remoteAddress: '192.0.2.1' }), false)
})

test('believes addresses and ranges of both families, and no others', async (t) => {
  const isTrusted = createGatewayTrust({ addresses: ['192.0.2.7', '10.1.0.0/16', '2001:db8::/32', '::1'] })
  for (const remoteAddress of ['192.0.2.7', '10.1.255.255', '2001:db8:1::1', '::1', '::ffff:10.1.2.3']) {
    t.equal(isTrusted({ sender: undefined, remoteAddress }), true, remoteAddress)
  }
  for (const remoteAddress of ['192.0.2.8', '10.2.0.0', '2001:db9::1', 'localhost', '', '10.1.0.0/16']) {
    t.equal(isTrusted({ sender: undefined, remoteAddress }), false, remoteAddress)
  }
})

test('believes a Unix socket only when told so', async (t) => {
  const isTrusted = createGatewayTrust({ unixSocket: true })
  t.equal(isTrusted({ sender: undefined, remoteAddress: undefined, unixSocket: true }), true)
  t.equal(
    isTrusted({ sender: undefined, remoteAddress: undefined }), false,
    'a TCP socket that was reset has no address either'
  )
  t.equal(isTrusted({ sender: undefined, remoteAddress: '127.0.0.1', unixSocket: false }), false)
  t.equal(
    createGatewayTrust({ addresses: ['127.0.0.1'] })({ sender: undefined, remoteAddress: undefined, unixSocket: true }),
    false
  )
})

test('remembers a thousand gateways and no more, and no strangers, who could fill the memory', async (t) => {
  const isTrusted = createGatewayTrust({ addresses: ['10.1.0.0/16'] })
  const ask = (remoteAddress: string): boolean => isTrusted({ sender: undefined, remoteAddress })
  const looked = t.capture(BlockList.prototype, 'check', BlockList.prototype.check)
  const addresses = (network: number): string[] => {
    return Array.from({ length: 1_200 }, (_, index) => `10.${network}.${index >> 8}.${index & 255}`)
  }
  const [strangers, gateways] = [addresses(2), addresses(1)]
  t.notOk([...strangers, ...strangers].some(ask))
  t.equal(looked().length, 2_400)
  t.ok(gateways.every(ask))
  t.equal(looked().length, 1_200)
  t.ok(gateways.every(ask), 'remembered or not, the answer is the same')
  t.strictSame(looked().map(({ args: [address] }) => address), gateways.slice(1_000), 'only the others are looked up')
})

test('refuses options that name nobody or no address', async (t) => {
  t.throws(() => createGatewayTrust({}), { code: 'MTLS_ERR_FORWARDED_OPTION', message: /gateways is empty/ })
  for (const text of ['localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '::/129', '', '10.0.0.0/-1']) {
    t.throws(
      () => createGatewayTrust({ addresses: ['10.0.0.1', text] }),
      { code: 'MTLS_ERR_FORWARDED_OPTION', message: /addresses\[1\]/ }, text
    )
  }
})
