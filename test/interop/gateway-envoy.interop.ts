// A Peerkit app behind Envoy.
import { testGateway } from './gateway-suite.ts'
import { requireTool } from './require-tool.ts'

const envoy = requireTool('envoy')

testGateway({
  name: 'Envoy',
  format: { format: 'xfcc' },
  config: 'envoy.yaml',
  values: ({ address }, way) => {
    const [host, port] = address.split(':')
    return { APP: way === 'Unix socket' ? `pipe: { path: ${address} }` : `socket_address: { address: ${host}, port_value: ${port} }` }
  },
  command: (config) => [envoy, '-c', config, '--log-level', 'warning', '--concurrency', '1', '--base-id', String(process.pid % 30_000)],
  headers: ['x-forwarded-client-cert'],
  encode: (pem) => `Hash=00;Cert="${encodeURIComponent(pem)}";Subject="CN=billing"`
})
