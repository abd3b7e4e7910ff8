import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { stripHeaders } from '../src/index.ts'
import type { StrippableMessage } from '../src/index.ts'

test('a header is gone from all that a request shows of it, under every spelling', async (t) => {
  const server = createServer((message, response) => {
    stripHeaders(message, ['client-cert', 'x-forwarded-client-cert'])
    response.end(JSON.stringify([message.rawHeaders.join(' '), message.headers, message.headersDistinct]))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outgoing = request({
    port: (server.address() as AddressInfo).port,
    agent: false,
    headers: {
      'Client-Cert': ['evil', 'evil'],
      client_cert: 'evil',
      'CLIENT.CERT': 'evil',
      'X-Forwarded_Client-Cert': 'evil',
      kept: ['a', 'b']
    }
  })
  outgoing.end()
  const [response] = await once(outgoing, 'response')
  const text = String((await response.toArray()).join(''))
  t.notMatch(text, /evil|cert/i)
  t.match(JSON.parse(text), [/kept a kept b/, { kept: 'a, b', host: /127|localhost/ }, { kept: ['a', 'b'] }])
  server.close()
})

test('HTTP/2 has no list of distinct headers', async (t) => {
  const message: StrippableMessage = {
    rawHeaders: [':path', '/', 'client-cert', 'evil', 'a', 'b'],
    headers: { ':path': '/', 'client-cert': 'evil', a: 'b' }
  }
  stripHeaders(message, ['client-cert'])
  t.same(message, { rawHeaders: [':path', '/', 'a', 'b'], headers: { ':path': '/', a: 'b' } })
})
