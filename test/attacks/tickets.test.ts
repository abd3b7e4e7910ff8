import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'tap'
import { blockMemory } from '@peerkit/credentials'
import { isSoon } from '@peerkit/test-support/turns'
import { WAYS, dial, nameOfWay, present } from './support/dial.ts'
import type { Connection, Presented } from './support/dial.ts'
import {
  SERVER_AUTH, issueClient, issueServer, makeCrl, makeIntermediate, makeKey, makeRoot, publicKeyOf
} from './support/forger.ts'
import type { Made } from './support/forger.ts'
import { Responder, serve } from './support/serve.ts'
import type { Served, Test } from './support/serve.ts'

const [root, other, stranger] = [makeRoot('Root'), makeRoot('Other'), makeRoot('Stranger')]
const issuing = makeIntermediate(root, 'Issuing')
const own = issueServer(other)
const material = { cert: own.pem, key: own.keyPem, ca: [other.pem, root.pem] }
const keys = [root, other, issuing].map(({ key }) => publicKeyOf(key).toString('base64'))

/** A responder that has heard of the theft of each of these. */
function revoking (...revoked: readonly Made[]): any {
  const responder = new Responder(keys, 'hard')
  responder.revoke(revoked.map(({ serial }) => serial))
  return responder
}

/** Two servers that share a secret, and trust as told. */
async function serveTwo (t: Test, settings: object, trust: object = {}): Promise<[Served, Served]> {
  const shared: any = { ticketSecret: randomBytes(32), ...settings }
  return [
    await serve(t, { material: { ...material, ...trust }, settings: shared }),
    await serve(t, { material: { ...material, ...trust }, settings: shared })
  ]
}

/** Asks once and hangs up. */
async function ask (presented: Presented, options: Parameters<typeof dial>[1]): Promise<{
  status: number | undefined, resumed: boolean, session: Buffer | undefined
}> {
  const connection = await dial(presented, options)
  const { status } = await connection.ask()
  // What a server sends after its Finished message may come behind the answer.
  if (status === undefined) await connection.ended
  const { resumed, session } = connection
  await connection.close()
  return { status, resumed, session }
}

for (const way of WAYS) {
  const http2 = way.protocol === 'HTTP/2'
  const name = nameOfWay(way)

  test(`${name}: a ticket that a refused client holds opens no other server`, async (t) => {
    const [direct, deep] = [issueClient(root, 'direct'), issueClient(issuing, 'deep')]
    const cases = {
      'revoked leaf': { client: present(direct), revoked: [direct] },
      'revoked leaf below an intermediate': { client: present(deep, issuing), revoked: [deep] },
      'revoked intermediate': { client: present(issueClient(issuing, 'below'), issuing), revoked: [issuing] },
      'of an unknown CA': { client: present(issueClient(stranger, 'stranger')), revoked: [] },
      'for servers alone': { client: present(issueClient(root, 'server', { purposes: [SERVER_AUTH] })), revoked: [] },
      expired: {
        client: present(issueClient(root, 'old', { notBefore: Date.now() - 9e8, notAfter: Date.now() - 1e8 })),
        revoked: []
      }
    }
    let held = 0
    for (const [what, { client, revoked }] of Object.entries(cases)) {
      const [one, two] = await serveTwo(t, { http2, revocation: revoking(...revoked) })
      const refused = await ask(client, { port: one.port, ...way })
      t.equal(refused.status, undefined, `${what}: is refused`)
      held += Number(refused.session !== undefined)
      for (const { port } of [two, one]) {
        const { status } = await ask(client, { port, ...way, session: refused.session })
        t.equal(status, undefined, `${what}: and by its ticket`)
      }
      t.equal((await ask(client, { port: two.port, ...way })).status, undefined, `${what}: and anew`)
    }
    t.ok(held > 0, 'tickets are handed out before anybody is judged')
  })

  test(`${name}: a ticket of a refused client opens no server that has lists of its own`, async (t) => {
    const client = issueClient(issuing, 'deep')
    const lists = { crl: [makeCrl(other), makeCrl(root, [issuing]), makeCrl(issuing)], crlIssuers: issuing.pem }
    // The refusal takes a while, so that the ticket is out before; the second server knows by its lists alone.
    const ticketSecret = randomBytes(32)
    const slow = await serve(
      t,
      { material: { ...material, ...lists }, settings: { http2, ticketSecret, revocation: revoking(issuing) } as any }
    )
    const listed = await serve(t, { material: { ...material, ...lists }, settings: { http2, ticketSecret } as any })
    const refused = await ask(present(client, issuing), { port: slow.port, ...way })
    t.equal(refused.status, undefined)
    t.equal(
      (await ask(present(client, issuing), { port: listed.port, ...way, session: refused.session })).status, undefined
    )
  })

  test(`${name}: a ticket from before a CA was removed opens no server`, async (t) => {
    for (const client of [present(issueClient(root, 'direct')), present(issueClient(issuing, 'deep'), issuing)]) {
      const [one, two] = await serveTwo(t, { http2 })
      const { status, session } = await ask(client, { port: one.port, ...way })
      t.equal(status, 200)
      for (const { credentials } of [one, two]) credentials.update({ ca: other.pem })
      for (const { port } of [one, two]) {
        const after = await ask(client, { port, ...way, session })
        t.match(after, { status: undefined, resumed: false }, 'the keys of tickets follow the trust')
      }
    }
  })

  test(`${name}: a session whose intermediate a worker does not know costs one connection at most`, async (t) => {
    const [one, two] = await serveTwo(t, { http2 })
    const client = present(issueClient(issuing, 'deep'), issuing)
    const { status, session } = await ask(client, { port: one.port, ...way })
    t.equal(status, 200)
    const dialled: Connection = await dial(client, { port: two.port, ...way, session })
    const isOpened = way.version === 'TLSv1.2'
    t.equal(dialled.resumed, isOpened, 'TLS 1.3 gives tickets when the intermediate is known, under other keys')
    t.equal((await dialled.ask()).status, isOpened ? undefined : 200, 'a ticket is no evidence')
    if (isOpened) {
      t.same(
        await dialled.ended,
        { code: 'ECONNRESET', syscall: 'read' },
        'an https.Agent forgets the session then, and after a clean end it does not'
      )
    } else await dialled.close()
    t.match(
      await ask(client, { port: two.port, ...way, session }),
      { status: 200, resumed: !isOpened },
      'from now on the worker knows the intermediate, or opens no ticket of before'
    )
    const fresh = await ask(client, { port: two.port, ...way })
    t.match(fresh, { status: 200, resumed: false })
    t.match(await ask(client, { port: two.port, ...way, session: fresh.session }), { status: 200, resumed: true })
    t.match(await ask(present(issueClient(issuing, 'another'), issuing), { port: two.port, ...way }), { status: 200 })
  })
}

for (const way of WAYS) {
  for (const [ticketSecret, isConfigured] of [
    [undefined, false], [undefined, true], [randomBytes(32), false], [randomBytes(32), true]
  ] as const) {
    const whose = ticketSecret === undefined ? 'keys of its own' : 'a shared secret'
    const where = isConfigured ? ', configured' : ''
    test(`${nameOfWay(way)}, ${whose}${where}: a session whose intermediate was blocked costs one connection`, async (t) => {
      const block = blockMemory([])
      const settings: any = { http2: way.protocol === 'HTTP/2', block, ...(ticketSecret !== undefined && { ticketSecret }) }
      // One CA, certified twice. The server remembers one of the two for resumed sessions, or is configured with it.
      const key = makeKey()
      const [one, other] = [makeIntermediate(root, 'Twice', { key }), makeIntermediate(root, 'Twice', { key })]
      const known = isConfigured ? { intermediates: one.pem } : {}
      const { app, port } = await serve(t, { material: { ...material, ...known }, settings })
      let open = 0
      app.server.on('connection', (socket: Socket) => {
        open += 1
        socket.once('close', () => { open -= 1 })
      })
      // The unused certificate prevents that the whole chain is remembered.
      const client = present(issueClient(one, 'of both'), one, other, makeIntermediate(root, 'Unused'))
      t.equal((await ask(client, { port, ...way })).status, 200, 'by this the server learns the CA')
      const { session } = await ask(client, { port, ...way })
      t.ok(await isSoon(() => open === 0), 'the review of an open connection would find the other path')
      block.update([{ issuer: 'CN=Root', serialNumber: one.serial.toString('hex') }])
      t.match(await ask(client, { port, ...way, session }), { status: undefined, resumed: true }, 'its path is blocked')
      const again = await ask(client, { port, ...way, session })
      t.match(again, { status: 200, resumed: false }, 'the client offers it again, and brings the other certificate')
      t.match(await ask(client, { port, ...way, session: again.session }), { status: 200 }, 'it is known by now')

      block.update([one, other].map(({ serial }) => ({ issuer: 'CN=Root', serialNumber: serial.toString('hex') })))
      for (const offered of [again.session, session, undefined]) {
        t.equal((await ask(client, { port, ...way, session: offered })).status, undefined, 'no path is left')
      }
    })
  }

  test(`${nameOfWay(way)}: a refused client does not end the tickets of others`, async (t) => {
    const block = blockMemory([])
    const { port } = await serve(t, { material, settings: { http2: way.protocol === 'HTTP/2', block } as any })
    const [thief, bystander] = [issueClient(root, 'thief'), issueClient(root, 'bystander')]
    const { session } = await ask(present(bystander), { port, ...way })
    const stolen = await ask(present(thief), { port, ...way })
    block.update([{ issuer: 'CN=Root', serialNumber: thief.serial.toString('hex') }])
    const refused = await ask(present(thief), { port, ...way, session: stolen.session })
    t.match(refused, { status: undefined, resumed: true }, 'blocked on every path')
    t.match(await ask(present(bystander), { port, ...way, session }), { status: 200, resumed: true })
  })
}

/** One address in front of several servers, which get the connections in turn. */
async function balance (t: Test, ports: readonly number[]): Promise<number> {
  let accepted = 0
  const balancer = createServer((client) => {
    const server = connect(ports[accepted++ % ports.length] ?? 0, '127.0.0.1')
    for (
      const [from, to] of [[client, server], [server, client]] as const
    ) from.on('error', () => { to.resetAndDestroy() }).pipe(to)
  })
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  t.teardown(() => { balancer.close() })
  return (balancer.address() as AddressInfo).port
}

/** One request of Node's own client; a status, or the code of the error. */
async function get (port: number, agent: Agent): Promise<number | string | undefined> {
  return await new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, agent }, (response) => {
      response.resume().on('end', () => { resolve(response.statusCode) })
    })
    asked.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code) })
    asked.end()
  })
}

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${maxVersion}: an https.Agent between two workers loses one request for each of them at most`, async (t) => {
    const workers = await serveTwo(t, {})
    const port = await balance(t, workers.map((worker) => worker.port))
    const { cert, key } = present(issueClient(issuing, 'deep'), issuing)
    // Without ALPN, as https.Agent is by itself.
    const agent = new Agent({ cert, key, rejectUnauthorized: false, maxVersion, keepAlive: false })
    const outcomes: Array<number | string | undefined> = []
    for (let call = 0; call < 10; call += 1) outcomes.push(await get(port, agent))
    t.ok(outcomes.filter((outcome) => outcome !== 200).length <= workers.length, outcomes.join())
    t.same(outcomes.slice(-6), Array(6).fill(200), outcomes.join())
    agent.destroy()
  })
}
