import { test } from 'tap'
import { WAYS, dial, nameOfWay, present } from './support/dial.ts'
import type { DialOptions, Presented } from './support/dial.ts'
import {
  DAY, issueClient, issueServer, keyIdOf, makeCrl, makeIntermediate, makeKey, makeRoot
} from './support/forger.ts'
import type { Authority, Draft, Made } from './support/forger.ts'
import { findForgery, serve } from './support/serve.ts'
import type { Served, Test } from './support/serve.ts'

const [r1, r2, own] = [makeRoot('Root 1'), makeRoot('Root 2'), makeRoot('Own')]
const server = issueServer(own)
const material = { cert: server.pem, key: server.keyPem, ca: [own.pem, r1.pem, r2.pem] }
const key = makeKey()
const issuing = makeIntermediate(r1, 'Issuing', { key })

/** CAs of the same name as the right one, each signed by its root as it should be. */
const TWINS: Readonly<Record<string, Authority>> = {
  'of another key': makeIntermediate(r1, 'Issuing'),
  'of another key and another root': makeIntermediate(r2, 'Issuing'),
  'of the same key, expired': makeIntermediate(
    r1, 'Issuing', { key, notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY }
  ),
  'of the same key and another root, expired': makeIntermediate(
    r2, 'Issuing', { key, notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY }
  )
}

async function ask (presented: Presented, options: DialOptions): Promise<{
  status: number | undefined, body: any, session: Buffer | undefined
}> {
  const connection = await dial(presented, options)
  const answer = await connection.ask()
  await connection.close()
  return { ...answer, session: connection.session }
}

for (const way of WAYS) {
  const settings: any = { http2: way.protocol === 'HTTP/2' }

  test(`${nameOfWay(way)}: an honest client is served whatever twin of its CA stands beside it`, async (
    t
  ) => {
    const { port } = await serve(t, { material, settings })
    for (const [which, twin] of Object.entries(TWINS)) {
      for (const [order, above] of [['before', [twin, issuing]], ['after', [issuing, twin]]] as const) {
        // A client for each: nothing is to be remembered of another order.
        const client = present(issueClient(issuing, 'honest'), ...above)
        const first = await ask(client, { port, ...way })
        t.equal(first.status, 200, `${which}, ${order} the right one`)
        t.equal(
          first.status === 200 ? findForgery(first.body.path, material.ca) : undefined,
          undefined,
          `${which}, ${order}: its chain`
        )
        t.equal(
          (await ask(client, { port, ...way, session: first.session })).status, 200, `${which}, ${order}: resumed`
        )
      }
    }
  })
}

/** A CA that two roots vouch for: its certificates by each, the same name and key. */
const shared = makeKey()
const [by1, by2] = [r1, r2].map((root) => makeIntermediate(root, 'Shared', { key: shared })) as [Authority, Authority]
const leafOf = (draft: Partial<Draft> = {}): Made => issueClient(by1, 'of both', draft)

async function serveUnder (t: Test, revoked: Authority, settings: any): Promise<Served> {
  const crl = [
    makeCrl(own),
    makeCrl(by1),
    ...[r1, r2].map((root) => makeCrl(root, revoked.draft.signer === root.key ? [revoked] : []))
  ]
  return await serve(t, { material: { ...material, crl, crlIssuers: revoked.pem }, settings })
}

for (const way of WAYS) {
  const settings: any = { http2: way.protocol === 'HTTP/2' }

  const fares = 'with a revoked copy of its CA a client fares as in a fresh process, whatever was remembered'
  test(`${nameOfWay(way)}: ${fares}`, async (t) => {
    for (const [revoked, good] of [[by1, by2], [by2, by1]] as const) {
      const leaf = leafOf()
      const [remembering, fresh] = [await serveUnder(t, revoked, settings), await serveUnder(t, revoked, settings)]
      t.equal((await ask(present(leaf, good), { port: remembering.port, ...way })).status, 200, 'by the good copy')
      const expected = await ask(present(leaf, revoked), { port: fresh.port, ...way })
      t.equal(expected.status, undefined, 'the revoked copy alone is refused by who never saw the other')
      t.equal(
        (await ask(present(leaf, revoked), { port: remembering.port, ...way })).status,
        expected.status,
        'and by who did'
      )
      t.equal(
        (await ask(present(leaf, good), { port: fresh.port, ...way })).status, 200, 'a refusal is not remembered either'
      )
      for (const order of [[good, revoked], [revoked, good]]) {
        t.equal(
          (await ask(present(leaf, ...order), { port: fresh.port, ...way })).status, 200, 'both: any path is enough'
        )
      }
    }
  })

  test(`${nameOfWay(way)}: a path to one root that stays is enough for an open connection`, async (t) => {
    for (const order of [[by1, by2], [by2, by1]] as const) {
      for (const gone of [r1, r2]) {
        const stays = gone === r1 ? r2 : r1
        const { port, credentials } = await serve(t, { material, settings })
        const open = await dial(present(leafOf(), ...order), { port, ...way })
        t.equal((await open.ask()).status, 200, 'by two roots')
        credentials.update({ ca: [own.pem, stays.pem] })
        const { status, body } = await open.ask()
        t.equal(status, 200, `${String(gone.name)} is removed, ${String(order[0].draft.issuer)}'s copy was sent first`)
        t.equal(
          status === 200 ? findForgery(body.path, [stays.pem]) : undefined,
          undefined,
          'its chain is the one that counts now'
        )
        credentials.update({ ca: own.pem })
        t.match((await open.ask()).status ?? 401, 401, 'both are removed')
        t.equal((await open.ask()).status, undefined)
        await open.close()
      }
    }
  })
}

test('a chain that was sent once counts for nothing on another connection', async (t) => {
  const { port, credentials } = await serve(t, { material })
  const leaf = leafOf()
  const [whole, part] = [await dial(present(leaf, by1, by2), { port }), await dial(present(leaf, by1), { port })]
  for (const connection of [whole, part]) t.equal((await connection.ask()).status, 200)
  credentials.update({ ca: [own.pem, r2.pem] })
  t.equal((await whole.ask()).status, 200, 'brought a way to the root that stays')
  t.equal(
    (await dial(present(leaf, by1), { port }).then(async (fresh) => await fresh.ask())).status, undefined, 'brings none'
  )
  for (const connection of [whole, part]) await connection.close()
})

test('a key identifier that lies is a hint and no more', async (t) => {
  const { port } = await serve(t, { material })
  const liar = makeIntermediate(r2, 'Issuing', { keyId: keyIdOf(key) })
  const client = issueClient(issuing, 'honest')
  t.equal((await ask(present(client, issuing, liar), { port })).status, 200)
  const impostor = issueClient(liar, 'of the liar', { issuerKeyId: keyIdOf(key) })
  const { status, body } = await ask(present(impostor, liar, issuing), { port })
  t.equal(status, 200, 'a CA of a trusted root by the same name is a CA')
  t.equal(status === 200 ? findForgery(body.path, material.ca) : undefined, undefined)
})
