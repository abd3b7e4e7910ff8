// A Peerkit app behind Caddy.
import { encodeBase64, testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { inProcess } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

const caddy = requireTool('caddy')

const gateway: Gateway = {
  name: 'Caddy',
  format: { format: 'caddy' },
  config: 'Caddyfile',
  values: ({ address }, way) => ({ APP: way === 'Unix socket' ? `unix/${address}` : address }),
  command: (config) => [caddy, 'run', '--adapter', 'caddyfile', '--config', config],
  headers: ['ssl-client-cert'],
  encode: encodeBase64
}
testGateway(gateway)

// Caddy asks for a certificate and looks at none, and passes on no chain.
testGateway({
  ...gateway,
  name: 'Caddy in the mode "request"',
  format: inProcess('caddy', { leafAlone: true }),
  edit: (text) => text.replace('mode verify_if_given', 'mode request').replace(/\n.*trusted_ca_cert_file.*/, ''),
  ways: ['mutual TLS']
})
