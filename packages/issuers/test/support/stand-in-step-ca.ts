import { X509Certificate } from 'node:crypto'
import type { IssuerWorld } from '@peerkit/issuers/test'
import { startStandIn } from './https-server.ts'
import type { Received, Reply, StandIn } from './https-server.ts'
import { replyOf } from './world-reply.ts'

/** What it answers instead; undefined: as step-ca does. */
export type Answer = (received: Received) => Reply | undefined | Promise<Reply | undefined>

/** A step-ca that issues with the CA of a case. It renews for the certificate that it issued last, and for no other. */
export async function startStepCa (world: IssuerWorld, answer: Answer = () => undefined): Promise<StandIn & { readonly issued: readonly string[] }> {
  const issued: string[] = []
  const sign = async ({ body: { csr } }: Received): Promise<Reply> => await replyOf(world, csr, ({ leaf, intermediates }) => {
    issued.push(leaf)
    const [ca = ''] = intermediates
    return { status: 201, body: { crt: leaf, ca, certChain: [leaf, ...intermediates] } }
  })
  const server = await startStandIn(async (received) => {
    const given = await answer(received)
    if (given !== undefined) return given
    const { path, presented } = received
    if (path === '/1.0/sign') return await sign(received)
    if (path === '/roots') return { status: 201, body: { crts: [world.root] } }
    const isOurs = presented !== undefined && issued.some((leaf) => new X509Certificate(leaf).raw.equals(presented))
    if (!isOurs) return { status: 400, body: { status: 400, message: 'missing client certificate' } }
    if (path === '/1.0/rekey') return await sign(received)
    if (path === '/1.0/revoke') return { body: { status: 'ok' } }
    return { status: 404, body: { status: 404, message: 'The requested resource could not be found.' } }
  })
  return { ...server, issued }
}

/** A token of the right shape. */
export function tokenOf (claims: object): string {
  return [{ alg: 'ES256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.c2lnbmF0dXJl'
}
