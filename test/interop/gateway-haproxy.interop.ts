// A Peerkit app behind HAProxy.
import { encodeBase64, testGateway } from './gateway-suite.ts'
import { requireTool } from './require-tool.ts'

const haproxy = requireTool('haproxy')

testGateway({
  name: 'HAProxy',
  format: { format: 'haproxy' },
  config: 'haproxy.cfg',
  values: ({ address }, way) => ({ APP: way === 'Unix socket' ? `unix@${address}` : address }),
  command: (config) => [haproxy, '-db', '-f', config],
  headers: ['ssl-client-cert'],
  encode: encodeBase64,
  verdict: ['ssl-client-used', '1']
})
