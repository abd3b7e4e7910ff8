// What an operator does who has lost a key (RFC 8555 section 7.3.6).
import type { KeyObject } from 'node:crypto'
import { Agent } from 'undici'
import type { Pebble } from '@peerkit/example-acme'
import { openAccount } from '../../../packages/issuers/src/acme/account.ts'
import { AcmeSession } from '../../../packages/issuers/src/acme/acme-session.ts'
import { accountSigner } from '../../../packages/issuers/src/acme/jws.ts'
import { IssuerClient } from '../../../packages/issuers/src/http/issuer-client.ts'

export async function deactivateAccount (
  { directory, ca }: Pebble, account: { readonly key: KeyObject, readonly termsOfServiceAgreed: boolean }
): Promise<void> {
  const dispatcher = new Agent({ connect: { ca } })
  const session = await AcmeSession.open({
    client: new IssuerClient({ name: 'Pebble', dispatcher, trusted: 'any CA' }),
    name: 'Pebble',
    directory: new URL(directory),
    signer: accountSigner(account.key),
    signal: new AbortController().signal,
    now: Date.now
  })
  const kid = await openAccount(session, account)
  await session.post(new URL(kid), { status: 'deactivated' }, kid)
  await dispatcher.destroy()
}
