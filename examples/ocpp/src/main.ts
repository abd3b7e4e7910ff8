import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'
import { startServer } from './server.ts'
import { connectStation } from './station.ts'

await play(async ({ folder, title, expect, onEnd }) => {
  const pki = await makePki(folder)
  await pki.issue('csms', { profile: 'server' })
  const station = async (cn: string, o = 'Charge Point Operator'): ReturnType<typeof pki.issue> => {
    return await pki.issue(cn, { profile: 'client', o, cn })
  }
  const [first, other, foreign] = [await station('CS-0001'), await station('CS-0002'), await station('CS-9', 'Other')]
  const olga = await pki.issue('olga', { profile: 'client', cn: 'olga', ou: 'operators' })
  process.chdir(folder)
  const app = await startServer()
  onEnd(async () => { await app.close() })
  const { origin, host } = new URL(app.listeningOrigin)
  const refused = async (connecting: Promise<unknown>): Promise<string> => {
    return await connecting.then(() => 'connected', ({ message }: Error) => message)
  }

  title('A station opens the WebSocket of its own number')
  const connected = await connectStation(`wss://${host}/ocpp/CS-0001`, first)
  const boot = await connected.call('BootNotification', { reason: 'PowerUp' })
  expect('CS-0001, BootNotification', boot, /"status":"Accepted"/)
  expect('CS-0001, Reset', await connected.call('Reset'), 'error: NotImplemented')
  expect('the operator sees', await call(`${origin}/stations`, { client: olga, ca: pki.ca.root }), '200 ["CS-0001"]')

  title('No other station gets it')
  const denied = 'Unexpected server response: 403'
  expect('CS-0002 as CS-0001', await refused(connectStation(`wss://${host}/ocpp/CS-0001`, other)), denied)
  expect('a station of another operator', await refused(connectStation(`wss://${host}/ocpp/CS-9`, foreign)), denied)

  title('CS-0001 is stolen, and its certificate is revoked')
  pki.ca.revoke(first, { reason: 'keyCompromise' })
  await pki.publishCrl()
  expect('its open WebSocket', await connected.closed, /^closed/)
  expect('a new one', await refused(connectStation(`wss://${host}/ocpp/CS-0001`, first)), /ECONNRESET|hang up/)
  expect('the operator sees', await call(`${origin}/stations`, { client: olga, ca: pki.ca.root }), '200 []')
  return [`curl --cacert ${folder}/root.pem --cert ${folder}/olga.pem --key ${folder}/olga.key ${origin}/stations`]
})
