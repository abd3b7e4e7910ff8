import { createPartialIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { ForwardedClient } from '../src/reader/forwarded-client.ts'
import { ca, client } from './support/people.ts'

const claim = { leaf: client.der, chain: [] }
const gatewayOf = (index: number): ReturnType<typeof createPartialIdentity> => {
  return createPartialIdentity({ fingerprint256: index.toString(16).padStart(64, '0') })
}

test('a client has one identity for each gateway, of the latest sixteen', async (t) => {
  const forwarded = new ForwardedClient(claim, [], [])
  const gateways = Array.from({ length: 40 }, (_, index) => gatewayOf(index))
  const identities = gateways.map((gateway) => forwarded.identify(gateway))
  t.strictSame(identities.map(({ via }) => via), gateways.map((gateway) => [gateway]))
  const same = gateways.map((gateway, index) => index >= 24 && forwarded.identify(gateway) === identities[index])
  t.strictSame(same, gateways.map((_, index) => index >= 24))
  t.not(forwarded.identify(gateways[0]), identities[0], 'more are not kept')
})

test('a client weighs what its certificates take, those of its path included', async (t) => {
  const { weight } = new ForwardedClient(claim, [], [])
  t.ok(weight > 8_000 && weight < 10_000, String(weight))
  const sent = new ForwardedClient({ leaf: client.der, chain: [ca.der] }, [], [])
  t.equal(sent.weight - weight, 200 + ca.der.length, 'bytes that nobody has read weigh little more than themselves')
  const validated = new ForwardedClient(claim, [], [], { valid: true, path: [ca.der], until: Infinity })
  t.ok(validated.weight > weight + 3_000)
})
