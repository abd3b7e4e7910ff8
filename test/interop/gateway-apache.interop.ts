// A Peerkit app behind Apache httpd.
import { testGateway } from './gateway-suite.ts'
import { requireTool } from './require-tool.ts'

const apache = requireTool('apache2')

testGateway({
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
})
