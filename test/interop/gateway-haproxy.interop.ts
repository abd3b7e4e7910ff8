// A Peerkit app behind HAProxy.
import { encodeBase64, testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { inProcess } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

const haproxy = requireTool('haproxy')

const gateway: Gateway = {
  name: 'HAProxy',
  format: { format: 'haproxy' },
  config: 'haproxy.cfg',
  values: ({ address }, way) => ({ APP: way === 'Unix socket' ? `unix@${address}` : address }),
  command: (config) => [haproxy, '-db', '-f', config],
  headers: ['ssl-client-cert'],
  encode: encodeBase64,
  verdict: ['ssl-client-used', '1']
}
testGateway(gateway)

// HAProxy asks for a certificate, looks at none, and passes on the chain that the client sent; of a resumed session it has none, so that none may be resumed.
testGateway({
  ...gateway,
  name: 'HAProxy with crt-ignore-err all',
  format: inProcess('haproxy'),
  edit: (text) => text.replace('verify optional', 'verify optional crt-ignore-err all ca-ignore-err all no-tls-tickets').replace('defaults\n', 'global\n  tune.ssl.cachesize 0\n\ndefaults\n')
    .replace('  default_backend app', '  http-request set-header ssl-client-chain %[ssl_c_chain_der,base64] if { ssl_c_used }\n  default_backend app'),
  headers: ['ssl-client-cert', 'ssl-client-chain'],
  ways: ['mutual TLS']
})

testGateway({
  ...gateway,
  name: 'HAProxy with RFC 9440',
  format: { format: 'rfc9440' },
  edit: (text) => text.replace('^ssl[-_]client[-_]', '^client[-_]cert')
    .replace(/ {2}http-request set-header ssl-client-(used|verify).*\n/g, '')
    .replace('ssl-client-cert %[ssl_c_der,base64]', 'client-cert :%[ssl_c_der,base64]:'),
  headers: ['client-cert', 'client-cert-chain'],
  encode: (pem) => `:${encodeBase64(pem)}:`,
  verdict: ['x-verdict', '1'],
  ways: ['mutual TLS']
})
