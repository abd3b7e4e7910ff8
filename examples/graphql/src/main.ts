import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'
import { startServer } from './server.ts'

await play(async ({ folder, title, expect, onEnd }) => {
  const { ca: { root: ca }, issue } = await makePki(folder)
  await issue('accounts', { profile: 'server' })
  const alice = await issue('alice', { profile: 'client', cn: 'alice', ou: 'staff' })
  const acme = await issue('acme', { profile: 'client', cn: 'acme', ou: 'partners' })
  const mallory = await issue('mallory', { profile: 'client', cn: 'mallory', ou: 'interns' })
  process.chdir(folder)
  const app = await startServer()
  onEnd(async () => { await app.close() })
  const url = `${new URL(app.listeningOrigin).origin}/graphql`
  const ask = async (client: typeof alice | undefined, query: string): Promise<string> => {
    return await call(url, { ca, client, json: { query } })
  }

  title('alice of OU staff sees everything')
  const everything = '{ accounts { number balance } }'
  const all = '200 {"data":{"accounts":[{"number":"1","balance":120},{"number":"2","balance":7}]}}'
  expect('accounts', await ask(alice, everything), all)

  title('acme of OU partners sees its own account, and not the balance')
  expect('whoami', await ask(acme, '{ whoami }'), /^200 \{"data":\{"whoami":"CN=acme,OU=partners/)
  expect('accounts', await ask(acme, '{ accounts { number } }'), '200 {"data":{"accounts":[{"number":"1"}]}}')
  expect('balance', await ask(acme, everything), /^200 .*"balance":null.*"FIELD_DENIED"/)

  title('Others do not get to the query')
  expect('mallory of OU interns', await ask(mallory, everything), /^403 .*This client is not allowed here/)
  expect('no certificate', await ask(undefined, everything), 'refused (ECONNRESET)')
  const curl = `curl --cacert ${folder}/root.pem --cert ${folder}/acme.pem --key ${folder}/acme.key`
  return [`${curl} ${url} --json '{"query":"${everything}"}'`]
})
