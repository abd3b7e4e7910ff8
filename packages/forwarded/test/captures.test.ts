// Headers as real gateways wrote them, each with the client that test/interop had come by.
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { createForwardedReader } from '../src/index.ts'
import type { ChainValidator, ForwardedReaderOptions } from '../src/index.ts'

interface Capture {
  readonly gateway: string
  readonly capturedAt: string
  readonly requests: ReadonlyArray<{
    readonly gatewayIs?: string
    readonly format: string
    readonly client: string
    readonly fingerprint256?: string
    readonly headers: readonly string[]
  }>
}

const folder = new URL('captures/', import.meta.url)
const captures = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Capture)
const refusing: ChainValidator = {
  validate: () => ({ valid: false, reason: 'no path', detail: 'to any anchor' }) as never
}

test('the captures are of every gateway that runs here', async (t) => {
  t.same(
    captures.map(({ gateway }) => gateway.replace(/ [\d.]+$/, '')).sort(),
    ['Apache httpd', 'Caddy', 'Envoy', 'HAProxy', 'Traefik', 'nginx']
  )
})

for (const { gateway, capturedAt, requests } of captures) {
  for (const { gatewayIs, format, client, fingerprint256, headers } of requests) {
    test([gateway, gatewayIs, 'tells of', client].filter(Boolean).join(' '), async (t) => {
      const read = (more: object = {}, given = headers): object => createForwardedReader({
        format, gateways: { addresses: ['127.0.0.1'] }, now: () => Date.parse(capturedAt), ...more
      } as ForwardedReaderOptions).read({ rawHeaders: given, sender: undefined, remoteAddress: '127.0.0.1' }) as object
      if (fingerprint256 === undefined) {
        t.same(read(), { state: 'anonymous' })
        return
      }
      if (client === 'stranger') {
        // Some gateways say that they do not vouch for it; with the others only the validation here can tell.
        t.match(read({ verification: 'in-process', validator: refusing }), { state: 'refused', reason: 'bad_chain' })
        if (/^(nginx|HAProxy|Apache)/.test(gateway)) t.match(read(), { state: 'refused', reason: 'not_verified' })
        return
      }
      t.match(read(), { state: 'accepted', identity: { fingerprint256 } })
      if (client === 'tricky') {
        t.match(read(), {
          identity: {
            subject: { commonName: 'a+b=c/CN=admin', organizationalUnit: 'billing, CN=admin' },
            subjectAltNames: { uri: ['spiffe://td/x'], dns: ['a.example'] }
          }
        })
      }
      t.match(read({}, [...headers, ...headers]), { state: 'refused', reason: 'duplicate_header' })
    })
  }
}
