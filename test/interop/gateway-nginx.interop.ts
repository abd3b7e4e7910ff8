// A Peerkit app behind nginx.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createPathValidator } from '@peerkit/path-validation'
import { decodePem } from '@peerkit/identity'
import { clientsBundle } from './gateway-world.ts'
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

// nginx asks for a certificate and looks at none: the app does. nginx passes on no chain, so the intermediate is among the app's anchors.
const anchors = decodePem(clientsBundle)
testGateway({
  ...gateway,
  name: 'nginx with optional_no_ca',
  format: { format: 'nginx', verification: 'in-process', validator: createPathValidator({ anchors: () => anchors }) },
  edit: (text) => text.replace('ssl_verify_client optional;', 'ssl_verify_client optional_no_ca;'),
  ways: ['mutual TLS']
})
