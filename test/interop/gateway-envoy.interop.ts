// A Peerkit app behind Envoy.
import { testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { inProcess } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

const envoy = requireTool('envoy')

const gateway: Gateway = {
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
}
testGateway(gateway)

// Envoy asks for a certificate, lets every one pass, and passes on the chain that the client sent.
testGateway({
  ...gateway,
  name: 'Envoy with ACCEPT_UNTRUSTED',
  format: inProcess('xfcc'),
  edit: (text) => text.replace("clients-ca.crt' }", "clients-ca.crt' }\n                  trust_chain_verification: ACCEPT_UNTRUSTED").replace('cert: true', 'cert: true, chain: true'),
  ways: ['mutual TLS']
})
