// A Peerkit app behind Apache httpd.
import { testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { inProcess } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

const apache = requireTool('apache2')

const gateway: Gateway = {
  name: 'Apache httpd',
  format: { format: 'apache' },
  config: 'httpd.conf',
  values: ({ address }, way) => ({
    MODULES: '/usr/lib/apache2/modules',
    APP: way === 'Unix socket' ? `unix:${address}|http://localhost` : way === 'address' ? `http://${address}` : `https://${address.replace('127.0.0.1', 'localhost')}`
  }),
  command: (config) => [apache, '-X', '-f', config],
  headers: ['ssl-client-cert'],
  encode: (pem) => pem.trim().replaceAll('\n', ' '),
  verdict: ['ssl-client-verify', 'SUCCESS']
}
testGateway(gateway)

// httpd asks for a certificate, lets every one pass, and passes on the leaf alone.
testGateway({
  ...gateway,
  name: 'Apache httpd with optional_no_ca',
  format: inProcess('apache', { leafAlone: true }),
  edit: (text) => text.replace('SSLVerifyClient optional', 'SSLVerifyClient optional_no_ca'),
  ways: ['mutual TLS']
})
