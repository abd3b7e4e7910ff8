import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fastifyWebsocket from '@fastify/websocket'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { test } from 'tap'
import WebSocket from 'ws'
import { ForwardedUpgrades } from '../src/forwarded-upgrades.ts'
import { startBehind, told } from './support/gateway.ts'
import type { GatewayWorld } from './support/gateway.ts'

interface Test { after (task: () => unknown): void }

async function startSockets (t: Test): Promise<{ world: GatewayWorld, open: (client: IssuedCertificate) => Promise<WebSocket> }> {
  const world = await startBehind(t, {}, {
    crl: true,
    async setup (app) {
      await app.register(fastifyWebsocket)
      app.get('/socket', { websocket: true }, (socket: WebSocket, request: any) => { socket.send(request.peer.subject.commonName) })
    }
  })
  const { gateway, ca, port } = world
  const open = async (client: IssuedCertificate): Promise<WebSocket> => {
    const socket = new WebSocket(`wss://127.0.0.1:${port}/socket`, { ca: ca.root, cert: gateway.chain, key: gateway.key, headers: told(client) })
    await once(socket, 'message')
    return socket
  }
  return { world, open }
}

test('an open WebSocket of a gateway\'s client is cut when its certificate is revoked; the others stay', async (t) => {
  const { world, open } = await startSockets(t)
  const [one, other] = [await world.ca.issue({ cn: 'one' }), await world.ca.issue({ cn: 'other' })]
  const [cut, kept] = [await open(one), await open(other)]
  world.ca.revoke(one)
  const closed = once(cut, 'close')
  world.credentials.update({ crl: (await world.ca.crl()).pem })
  await closed
  t.match(world.refused, [{ reason: 'revoked', peer: { subject: { commonName: 'gateway' } } }])
  kept.ping()
  await once(kept, 'pong')
  t.equal(kept.readyState, WebSocket.OPEN)
  kept.terminate()
  await once(kept, 'close')
})

test('an open WebSocket is cut when the certificate ends', async (t) => {
  const { world, open } = await startSockets(t)
  const short = await world.ca.issue({ cn: 'short', notAfter: new Date(Date.now() + 2_000) })
  await once(await open(short), 'close')
  t.match(world.refused, [{ reason: 'expired' }])
})

test('every open socket is judged each minute, and what cannot be judged is cut', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const upgrades = new ForwardedUpgrades(() => 0)
  const judged: Record<string, number> = {}
  const follow = (name: string, answer: () => boolean | Promise<boolean>): PassThrough => {
    const socket = new PassThrough()
    upgrades.follow(socket, Infinity, () => {
      judged[name] = (judged[name] ?? 0) + 1
      return answer()
    })
    return socket
  }
  const [good, later, bad, broken, failing, left] = [
    follow('good', () => true), follow('later', async () => true), follow('bad', async () => false), follow('broken', () => { throw new Error('x') }), follow('failing', async () => { throw new Error('x') }), follow('left', () => true)
  ]
  const gone = new PassThrough().destroy()
  upgrades.follow(gone, 0, () => { throw new Error('nobody is there to be judged') })
  left.destroy()
  await once(left, 'close')
  for (let minute = 0; minute < 3; minute++) {
    mock.timers.tick(60_000)
    await setImmediate()
  }
  // Before the test's own timer is taken away.
  mock.timers.reset()
  t.same([good, later, bad, broken, failing].map(({ destroyed }) => destroyed), [false, false, true, true, true])
  t.same(judged, { good: 3, later: 3, bad: 1, broken: 1, failing: 1 })
  upgrades.review()
  t.equal(judged['good'], 4)
})
