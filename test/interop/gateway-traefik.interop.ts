// A Peerkit app behind Traefik. It reaches no app by Unix socket.
import { encodeBase64, testGateway } from './gateway-suite.ts'
import type { Gateway } from './gateway-suite.ts'
import { inProcess } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

const traefik = requireTool('traefik')

const gateway: Gateway = {
  name: 'Traefik',
  format: { format: 'traefik' },
  config: 'traefik.yaml',
  values: ({ address }, way) => ({ APP: `${way === 'mutual TLS' ? 'https' : 'http'}://${address}` }),
  command: (config, _run, port) => [traefik, `--entryPoints.clients.address=127.0.0.1:${port}`, `--providers.file.filename=${config}`, '--providers.file.watch=false', '--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'],
  headers: ['x-forwarded-tls-client-cert'],
  encode: encodeBase64,
  ways: ['mutual TLS', 'address']
}
testGateway(gateway)

// Traefik asks for a certificate, looks at none, and passes on the chain that the client sent.
testGateway({
  ...gateway,
  name: 'Traefik with RequestClientCert',
  format: inProcess('traefik'),
  edit: (text) => text.replace('clientAuthType: VerifyClientCertIfGiven', 'clientAuthType: RequestClientCert'),
  ways: ['mutual TLS']
})
