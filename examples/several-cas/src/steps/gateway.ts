import { authoritiesIn } from '../authorities.ts'
import { call } from '../call.ts'
import { startBehindGateway } from '../gateway.ts'
import type { Pki } from '../pki.ts'
import type { Transcript } from '../transcript.ts'
import { ahead } from './inbound.ts'

/** Step 8: a gateway ends TLS, and passes the certificate on. */
export async function behindGateway (pki: Pki, { title, expect }: Transcript): Promise<void> {
  title('8. Behind a gateway')
  const authorities = authoritiesIn(pki.folder, ahead)
  const orders = await pki.internal.issue({ profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders' })
  const globex = await pki.globex.issue({ profile: 'client', o: 'Globex', dns: 'stock.globex.example' })
  for (const [verifiedAs, ours, theirs] of [
    [undefined, /^200.*internal/, /^200.*globex/], ['globex', /^401/, /^200.*globex/]
  ] as const) {
    const service = await startBehindGateway(authorities, verifiedAs)
    const ask = async ({ der }: { der: Uint8Array }): Promise<string> => {
      return await call(
        `${service.origin}/entries`, { headers: { 'client-cert': `:${Buffer.from(der).toString('base64')}:` } }
      )
    }
    const how = verifiedAs === undefined ? 'the certificate says it' : `verifiedAs: '${verifiedAs}'`
    expect(`our orders, ${how}`, await ask(orders), ours)
    expect(`Globex, ${how}`, await ask(globex), theirs)
    await service.close()
  }
}
