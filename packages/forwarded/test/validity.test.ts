import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'
import type { ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'
import { ca, client, gateway, gateways, root } from './support/people.ts'
import { writers } from './support/writers.ts'

const DAY = 86_400_000

test('a certificate that a gateway verified once is looked at again with each request', async (t) => {
  let time = Date.now()
  const reader = createForwardedReader({ format: 'rfc9440', gateways, now: () => time })
  const { write } = writers[0]!
  const read = (): ForwardedResult => reader.read({ rawHeaders: write(client.der, []), sender: gateway, remoteAddress: undefined }) as ForwardedResult
  t.match(read(), { state: 'accepted' })
  time += 8 * DAY
  t.match(read(), { state: 'refused', reason: 'expired', header: 'client-cert' })
  time -= 16 * DAY
  t.match(read(), { state: 'refused', reason: 'not_yet_valid' })
  time += 8 * DAY
  t.match(read(), { state: 'accepted' })
})

test('a chain is what the certificates\' signatures say, and not what a client sent along', async (t) => {
  const reader = createForwardedReader({ format: 'rfc9440', gateways })
  const chainOf = (...chain: readonly Uint8Array[]): unknown => {
    const result = reader.read({ rawHeaders: writers[0]!.write(client.der, chain), sender: gateway, remoteAddress: undefined }) as ForwardedResult
    return result.state === 'accepted' ? result.identity.chain?.map(({ subject }) => subject?.commonName) : result
  }
  const namesake = await (await createDevCa({ name: 'Root' })).intermediate({ name: 'Issuing' })
  t.same(chainOf(ca.der, root.der), ['Issuing', 'Root'])
  t.same(chainOf(ca.der), ['Issuing'])
  t.same(chainOf(root.der), [])
  t.same(chainOf(ca.der, client.der, root.der), ['Issuing'])
  t.same(chainOf(namesake.der), [], 'the right name with another key')
  t.same(chainOf(), [])
})

test('a CA\'s own certificate is no client\'s, whatever the gateway thinks', async (t) => {
  for (const writer of writers.filter(({ verifies }) => verifies)) {
    const reader = createForwardedReader({ ...writer.options, gateways })
    t.match(reader.read({ rawHeaders: writer.write(ca.der, []), sender: gateway, remoteAddress: undefined }), { state: 'refused', reason: 'ca_as_leaf' }, writer.name)
  }
})
