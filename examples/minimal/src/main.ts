import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'

await play(async ({ folder, title, expect, onEnd }) => {
  const { ca: { root: ca }, issue } = await makePki(folder)
  await issue('ledger', { profile: 'server', cn: 'ledger' })
  const alice = await issue('alice', { profile: 'client', cn: 'alice', ou: 'billing' })
  const mallory = await issue('mallory', { profile: 'client', cn: 'mallory', ou: 'interns' })

  process.chdir(folder)
  const { app } = await import('./server.ts')
  onEnd(async () => { await app.close() })
  const { origin } = new URL(app.listeningOrigin)

  title(`The server is ${origin}. Alice is of OU billing, mallory of OU interns.`)
  const denied = '403 MTLS_ERR_CLIENT_NOT_ALLOWED'
  expect('alice, GET /invoices', await call(`${origin}/invoices`, { ca, client: alice }), '200 {"hello":"alice"}')
  expect('mallory, GET /invoices', await call(`${origin}/invoices`, { ca, client: mallory }), denied)
  expect('mallory, GET /whoami', await call(`${origin}/whoami`, { ca, client: mallory }), /^200 CN=mallory,OU=interns/)
  expect('mallory, GET /nothing', await call(`${origin}/nothing`, { ca, client: mallory }), denied)
  expect('no certificate', await call(`${origin}/invoices`, { ca }), 'refused (ECONNRESET)')

  const curl = `curl --cacert ${folder}/root.pem`
  return [
    `${curl} --cert ${folder}/alice.pem --key ${folder}/alice.key ${origin}/invoices`,
    `${curl} --cert ${folder}/mallory.pem --key ${folder}/mallory.key ${origin}/invoices`
  ]
})
