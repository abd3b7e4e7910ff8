import { join } from 'node:path'
import type { IssuedCertificate, IssueOptions } from '@peerkit/dev-ca'
import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'
import { startBank } from './bank.ts'

type Role = 'PSP_AI' | 'PSP_PI'

function provider (number: string, roles: readonly Role[]): IssueOptions {
  const subject = [{ type: 'organizationIdentifier', value: number }, { type: 'CN', value: `${number}.example` }]
  const psd2 = { roles: [...roles], authority: 'DE-BAFIN', authorityName: 'BaFin' }
  return { profile: 'client', subject, qualified: { type: 'web', psd2 } }
}

await play(async ({ folder, title, expect, onEnd }) => {
  const own = await makePki(folder, { name: 'CA of the bank' })
  await own.issue('bank', { profile: 'server' })
  const qualified = await makePki(join(folder, 'qwac'), { name: 'Qualified CA' })
  const reader = await qualified.issue('reader', provider('PSDDE-BAFIN-123456', ['PSP_AI']))
  const payer = await qualified.issue('payer', provider('PSDDE-BAFIN-777777', ['PSP_AI', 'PSP_PI']))
  // The bank's own CA can write the same statements. It is not believed.
  const forged = await own.issue('forged', provider('PSDDE-BAFIN-123456', ['PSP_AI', 'PSP_PI']))

  process.chdir(folder)
  const { app, credentials } = await startBank()
  onEnd(async () => { await app.close() })
  const { origin } = new URL(app.listeningOrigin)
  const accounts = async (client?: IssuedCertificate): Promise<string> => {
    return await call(`${origin}/accounts`, { client, ca: own.ca.root })
  }
  const pay = async (client: IssuedCertificate): Promise<string> => {
    return await call(`${origin}/payments`, { client, ca: own.ca.root, json: { amount: 40 } })
  }

  title('A provider for account information (PSP_AI)')
  expect('GET /accounts', await accounts(reader), '200 ["DE89370400440532013000"]')
  expect('POST /payments', await pay(reader), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  title('A provider with both roles (PSP_AI, PSP_PI), and no consents')
  expect('GET /accounts', await accounts(payer), '200 []')
  expect('POST /payments', await pay(payer), '200 {"pays":40,"initiatedBy":"PSDDE-BAFIN-777777"}')
  title('Nobody else')
  expect('the same statements by another CA', await accounts(forged), '403 MTLS_ERR_CLIENT_NOT_ALLOWED')
  expect('no certificate', await accounts(), 'refused (ECONNRESET)')
  title('The provider loses its authorization, and its CA revokes the certificate')
  qualified.ca.revoke(reader, { reason: 'privilegeWithdrawn' })
  await qualified.publishCrl()
  await credentials.reload() // the file is watched; this does not wait for it
  expect('GET /accounts', await accounts(reader), 'refused (ECONNRESET)')

  const curl = `curl --cacert ${folder}/root.pem --cert ${folder}/qwac/payer.pem --key ${folder}/qwac/payer.key`
  return [`${curl} ${origin}/accounts`, `${curl} ${origin}/payments --json '{"amount":40}'`]
})
