import { test } from 'tap'
import type { ForwardedResult } from '../src/index.ts'
import { createForwardedReader } from '../src/index.ts'

const reader = createForwardedReader({ format: 'linkerd', gateways: { addresses: ['127.0.0.1'] } })
const read = (...values: string[]): ForwardedResult => reader.read({
  rawHeaders: values.flatMap((value) => ['l5d-client-id', value]), sender: undefined, remoteAddress: '127.0.0.1'
}) as ForwardedResult

test('documented: a meshed client is known by one name, and by nothing else', async (t) => {
  const name = 'web.emojivoto.serviceaccount.identity.linkerd.cluster.local'
  const result = read(name)
  t.match(result, {
    state: 'accepted',
    identity: {
      subjectAltNames: { dns: [name] }, subject: undefined, fingerprint256: undefined, source: 'forwarded', via: []
    }
  })
  t.ok(result.state === 'accepted' && result.identity.subjectAltNames?.unknown.includes('uri'))
  t.match(
    read('spiffe://root.linkerd.cluster.local/vm'),
    { state: 'accepted', identity: { spiffeId: 'spiffe://root.linkerd.cluster.local/vm' } }
  )
  t.same(read(), { state: 'anonymous' })
})

test('refuses what is no name', async (t) => {
  for (const value of [
    'web', 'web.', '.web', 'Web.Prod', 'a..b', 'a.b,c.d', 'a.b c.d', '*.a.b', `${'a.'.repeat(127)}a`, 'spiffe:/a.b',
    'a.-b', 'a.b-'
  ]) t.match(read(value), { state: 'refused', reason: 'malformed' }, value)
  for (const value of ['spiffe://', 'spiffe://a', 'spiffe://A/b', 'spiffe://a/b,spiffe://a/c', 'spiffe://a/../b']) {
    t.match(read(value), { state: 'refused', reason: 'unreadable' }, value)
  }
  t.match(read('a.b', 'a.b'), { state: 'refused', reason: 'duplicate_header' })
  const strict = createForwardedReader({
    format: 'linkerd',
    gateways: { addresses: ['127.0.0.1'] },
    verification: 'in-process',
    validator: { validate: () => ({ valid: false, reason: 'x' }) }
  })
  t.match(
    strict.read({ rawHeaders: ['l5d-client-id', 'a.b'], sender: undefined, remoteAddress: '127.0.0.1' }),
    { state: 'refused', reason: 'certificate_missing' }
  )
})
