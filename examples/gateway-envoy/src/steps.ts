import { hash } from 'node:crypto'
import { call } from '@peerkit/example-support/gateway-call'
import type { Transcript } from './transcript.ts'
import type { World } from '@peerkit/example-support/gateway-world'

export interface Demo {
  readonly world: World
  readonly transcript: Transcript
  /** Address of Envoy. */
  readonly gateway: string
  /** Address of the app. */
  readonly app: string
}

const [NOBODY, DENIED, REFUSED] = [
  '401 MTLS_ERR_PEER_MISSING', '403 MTLS_ERR_CLIENT_NOT_ALLOWED', '401 MTLS_ERR_FORWARDED_REFUSED'
]

/** As Envoy writes what it saw, and as an attacker would. */
const forged = ({ billing: { cert, der } }: World): Record<string, string> => ({
  'x-forwarded-client-cert': `Hash=${hash('sha256', der, 'hex')};Cert="${encodeURIComponent(cert)}"`
})

export async function gatewaySteps ({ world, gateway, transcript }: Demo): Promise<void> {
  const { meshCa: ca, billing, intern, stranger } = world
  const ask = async (more: object): Promise<string> => await call({ address: gateway, ca, ...more })
  transcript.title('1. Through Envoy')
  transcript.expect('Berta of billing', await ask({ as: billing }), '200 Berta via gateway')
  transcript.expect('Ivo, an intern', await ask({ as: intern }), DENIED)
  transcript.expect('nobody', await ask({}), NOBODY)
  transcript.expect('a Berta of another CA, refused by Envoy', await ask({ as: stranger }), 'closed')
  transcript.expect('the health check', await ask({ path: '/health' }), '200 up')

  transcript.title('2. With a forged header, through Envoy: it is replaced')
  transcript.expect("nobody, with Berta's certificate", await ask({ headers: forged(world) }), NOBODY)
  transcript.expect('Ivo, with the same', await ask({ as: intern, headers: forged(world) }), DENIED)
  const spelt = { x_forwarded_client_cert: String(forged(world)['x-forwarded-client-cert']) }
  transcript.expect('Ivo, with another spelling', await ask({ as: intern, headers: spelt }), DENIED)
}

export async function directSteps ({ world, app, transcript }: Demo): Promise<void> {
  const { meshCa: ca, billing, neighbour } = world
  const ask = async (more: object): Promise<string> => await call({ address: app, ca, ...more })
  transcript.title('3. Past Envoy, directly to the app')
  transcript.expect('a neighbour with a forged header', await ask({ as: neighbour, headers: forged(world) }), REFUSED)
  transcript.expect('a neighbour without it', await ask({ as: neighbour }), DENIED)
  transcript.expect("Berta, whose CA is the gateway's business", await ask({ as: billing }), 'closed')
  transcript.expect('nobody, with a forged header', await ask({ headers: forged(world) }), 'closed')
}
