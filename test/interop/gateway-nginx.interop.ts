// A Peerkit app behind nginx.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inProcess } from './gateway-world.ts'
import { testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { requireTool } from './require-tool.ts'

const nginx = requireTool('nginx')

const gateway: Gateway = {
  name: 'nginx',
  format: { format: 'nginx' },
  config: 'nginx.conf',
  values: ({ address }, way) => ({ SCHEME: way === 'mutual TLS' ? 'https' : 'http', APP: way === 'Unix socket' ? `unix:${address}` : address }),
  command: (config, run) => {
    mkdirSync(join(run, 'body'))
    return [nginx, '-p', run, '-c', config, '-g', 'user root;']
  },
  headers: ['ssl-client-cert'],
  encode: encodeURIComponent,
  verdict: ['ssl-client-verify', 'SUCCESS']
}
testGateway(gateway)

// nginx asks for a certificate and looks at none, and passes on no chain.
testGateway({
  ...gateway,
  name: 'nginx with optional_no_ca',
  format: inProcess('nginx', { leafAlone: true }),
  edit: (text) => text.replace('ssl_verify_client optional;', 'ssl_verify_client optional_no_ca;'),
  ways: ['mutual TLS']
})
