// A Peerkit app behind Caddy.
import { encodeBase64, testGateway } from './gateway-suite.ts'
import { requireTool } from './require-tool.ts'

const caddy = requireTool('caddy')

testGateway({
  name: 'Caddy',
  format: { format: 'caddy' },
  config: 'Caddyfile',
  values: ({ address }, way) => ({ APP: way === 'Unix socket' ? `unix/${address}` : address }),
  command: (config) => [caddy, 'run', '--adapter', 'caddyfile', '--config', config],
  headers: ['ssl-client-cert'],
  encode: encodeBase64
})
