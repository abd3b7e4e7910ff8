import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent, getServerIdentity } from '@peerkit/undici-mtls'
import { WAYS, dial, nameOfWay, present } from './support/dial.ts'
import type { Connection } from './support/dial.ts'
import { issueClient } from './support/forger.ts'
import { SCENARIOS, concerns, trust } from './support/policies.ts'
import type { Event } from './support/policies.ts'
import { makeAttackers, makeHonest, makeRealm } from './support/realm.ts'
import type { Attacker } from './support/realm.ts'
import { describeCaller, findForgery, serve, serveNode } from './support/serve.ts'

const realm = makeRealm()
const anchors = [realm.a.pem, realm.b.pem, realm.listed.pem]
const clients = makeAttackers(realm, 'client')
const honestClients = makeHonest(realm, 'client')
const bystander: Attacker = { ...makeHonest(realm, 'client')[0]!, row: 'bystander of B' }
const bystanderLeaf = issueClient(realm.b, 'bystander of B')
const bystanders = [{ ...bystander, leaf: bystanderLeaf, presented: present(bystanderLeaf) }]

type Outcome = 'served' | 'refused'

const isOtherwise = (expected: Outcome | undefined, status: number | undefined): boolean =>
  expected !== undefined && (status === 200) !== (expected === 'served')

/** What becomes of those who sent what is right, when an event has happened to those who sent something else. */
const honestly = (event: Event, client: Attacker): Outcome =>
  event === 'leaf revoked' || !concerns(event, client) ? 'served' : 'refused'

/** Connections of one client from before the event: a new one, and one that resumed its session. */
interface Before { readonly client: Attacker, readonly open: Connection, readonly resumed: Connection | undefined }

for (const way of WAYS) {
  for (const { policy, event } of SCENARIOS) {
    // What ALPN has to do with it, policies do not change.
    if (way.alpn === false && policy !== 'no' && policy !== 'hard CRL') continue
    const scene = `${nameOfWay(way)}, ${policy} policy, ${event}`
    test(`inbound, ${scene}: a forged hop keeps nobody in and nobody out`, async (t) => {
      const trusting = trust(realm, policy)
      const settings = {
        http2: way.protocol === 'HTTP/2', ...(trusting.revocation !== undefined && { revocation: trusting.revocation })
      }
      const { port, credentials } = await serve(t, { material: trusting.material, settings: settings as any })
      const wrong: string[] = []
      const connect = async ({ presented }: Attacker, session?: Buffer): Promise<Connection> =>
        await dial(presented, { port, ...way, session })
      const note = async (
        who: string, how: string, connection: Connection, expected?: Outcome
      ): Promise<boolean> => {
        const { status, body } = await connection.ask()
        const forgery = status === 200 ? findForgery(body.path, anchors) : undefined
        if (forgery !== undefined) wrong.push(`${who}: ${how}: ${forgery}`)
        if (status !== undefined && ![200, 401].includes(status)) wrong.push(`${who}: ${how}: ${status}`)
        if (isOtherwise(expected, status)) wrong.push(`${who}: ${how}: not ${String(expected)}: ${String(status)}`)
        return status === 200
      }
      const begin = async (client: Attacker, expected?: 'served'): Promise<Before> => {
        const open = await connect(client)
        if (!await note(client.row, 'before, new', open, expected)) return { client, open, resumed: undefined }
        const resumed = await connect(client, open.session)
        await note(client.row, 'before, resumed', resumed, 'served')
        return { client, open, resumed }
      }
      const finish = async ({ client, open, resumed }: Before, expected: Outcome): Promise<void> => {
        const [again, fresh] = [await connect(client, open.session), await connect(client)]
        const connections = { open, 'open, resumed before': resumed, resumed: again, new: fresh }
        for (const [how, connection] of Object.entries(connections)) {
          if (connection === undefined) continue
          await note(client.row, `after, ${how}`, connection, expected)
          await connection.close()
        }
      }

      const before = []
      for (const client of clients.filter((one) => concerns(event, one))) before.push(await begin(client))
      const honest = []
      for (const client of honestClients) honest.push(await begin(client, 'served'))
      const others = []
      for (const client of bystanders) others.push(await begin(client, 'served'))
      t.ok(before.some(({ resumed }) => resumed !== undefined), 'some of them are let in at first')
      credentials.update(trusting.after(event, clients))
      for (const one of before) await finish(one, 'refused')
      for (const one of honest) await finish(one, honestly(event, one.client))
      for (const one of others) await finish(one, 'served')
      t.strictSame(wrong, [])
    })
  }
}

const servers = makeAttackers(realm, 'server')
const honestServers = makeHonest(realm, 'server')

for (const { policy, event } of SCENARIOS) {
  test(`outbound, ${policy} policy, ${event}: a server's forged hop keeps no server in`, async (t) => {
    const trusting = trust(realm, policy)
    const credentials = memoryCredentials(trusting.material)
    const agent = new MtlsAgent(
      { credentials, ...(trusting.revocation !== undefined && { revocation: trusting.revocation }) }
    )
    t.teardown(async () => {
      await agent.destroy()
      await credentials.close()
    })
    const wrong: string[] = []
    const call = async (who: string, port: number, expected?: Outcome): Promise<boolean> => {
      try {
        const response = await agent.request({ origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' })
        await response.body.dump()
        const server = getServerIdentity(response)
        const forgery = server === undefined ? 'nobody' : findForgery(describeCaller(server).path, anchors)
        if (forgery !== undefined) wrong.push(`${who}: ${forgery}`)
        if (expected === 'refused') wrong.push(`${who}: answered`)
        return true
      } catch (error) {
        const { code } = error as { code?: string }
        const isRefusal = /^MTLS_ERR_OUTBOUND_SERVER/.test(String(code))
        if (expected === 'served' || !isRefusal) wrong.push(`${who}: ${String(code)}`)
        return false
      }
    }
    const started = async (all: readonly Attacker[]): Promise<Array<readonly [Attacker, number]>> =>
      await Promise.all(all.map(async (one) => [one, await serveNode(t, one.presented)] as const))
    const forged = await started(servers.filter((one) => concerns(event, one)))
    const honest = await started(honestServers)
    let answered = 0
    for (const [{ row }, port] of forged) answered += Number(await call(`${row}: before`, port))
    t.ok(answered > 0, 'some of them are let in at first')
    for (const [{ row }, port] of honest) await call(`${row}: before`, port, 'served')
    credentials.update(trusting.after(event, servers))
    for (const [{ row }, port] of forged) {
      for (const how of ['at once', 'again']) await call(`${row}: after, ${how}`, port, 'refused')
    }
    for (const [one, port] of honest) await call(`${one.row}: after`, port, honestly(event, one))
    t.strictSame(wrong, [])
  })
}

const field = (...list: readonly Uint8Array[]): string =>
  list.map((der) => `:${Buffer.from(der).toString('base64')}:`).join(', ')
const derOf = (pem: string): Uint8Array => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

for (const { policy, event } of SCENARIOS) {
  test(`forwarded, ${policy} policy, ${event}: a forged hop in a gateway's header keeps nobody in`, async (t) => {
    const trusting = trust(realm, policy)
    const { port, credentials } = await serve(t, {
      material: trusting.material,
      settings: trusting.revocation === undefined ? {} : { revocation: trusting.revocation },
      forwarded: { format: 'rfc9440', verification: 'in-process', gateways: { addresses: ['127.0.0.1'] } }
    })
    let gateway = await dial(bystanders[0]!.presented, { port })
    t.teardown(async () => { await gateway.close() })
    const wrong: string[] = []
    const ask = async (who: string, { leaf, above }: Attacker, expected?: Outcome): Promise<boolean> => {
      if (gateway.socket.destroyed) gateway = await dial(bystanders[0]!.presented, { port })
      const chain = above.length > 0 ? { 'client-cert-chain': field(...above.map(({ pem }) => derOf(pem))) } : undefined
      const { status, body } = await gateway.ask({ 'client-cert': field(leaf.der), ...chain })
      const forgery = status === 200 ? findForgery(body.path, anchors) : undefined
      if (forgery !== undefined) wrong.push(`${who}: ${forgery}`)
      if (status !== 200 && status !== 401) wrong.push(`${who}: ${String(status)}`)
      if (isOtherwise(expected, status)) wrong.push(`${who}: expected ${String(expected)}, got ${String(status)}`)
      return status === 200
    }
    const forged = clients.filter((one) => concerns(event, one))
    let served = 0
    for (const one of forged) served += Number(await ask(`${one.row}: before`, one))
    t.ok(served > 0, 'some of them are let in at first')
    for (const one of honestClients) await ask(`${one.row}: before`, one, 'served')
    credentials.update(trusting.after(event, clients))
    for (const one of forged) await ask(`${one.row}: after`, one, 'refused')
    for (const one of honestClients) await ask(`${one.row}: after`, one, honestly(event, one))
    t.strictSame(wrong, [])
  })
}
