import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'tap'
import { plainText } from './support/plain-text.ts'
import { createWorld } from './support/world.ts'

const answer = async (): Promise<string> => 'x'

test('a rule that has ended, or ends soon, is on the overview, on the access page and in the data', async (t) => {
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10)
  const groups = {
    operators: { ou: 'operators' },
    old: { ou: 'contractors', validUntil: '2020-01-01' },
    soon: { ou: 'guests', validUntil: soon },
    later: { ou: 'tenants', validFrom: '2020-01-01', validUntil: '2999-01-01' },
    always: { ou: 'owners', validFrom: '2020-01-01' }
  }
  const { get, data } = await createWorld(t, {
    clients: { groups },
    setup: (app) => {
      app.get('/a', { config: { allowedClients: ['old', 'soon', 'later', 'always'] } }, answer)
      app.get('/b', { config: { allowedClients: 'old' } }, answer)
    }
  })
  const overview = plainText(await get('/'))
  t.match(overview, 'rule groups.old')
  t.match(overview, 'groups.soon')
  t.notMatch(overview, 'groups.later')
  t.equal(overview.split('groups.old').length - 1, 1, 'once, although two routes name it')
  const access = await get('/access')
  t.match(access, /groups\.old <span class="badge bad">expired/)
  t.match(access, /groups\.soon <span/)
  t.match(access, 'until 2020-01-01T00:00:00Z')
  const { ends } = await data()
  t.match(ends.filter(({ what }: any) => what === 'rule').map(({ name, end }: any) => [name, end]), [
    ['groups.old', Date.parse('2020-01-01')], ['groups.soon', Date.parse(soon)], ['groups.later', Date.parse('2999-01-01')]
  ])
})

test('the log shows which rules came and went', async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), 'peerkit-console-rules-')), 'rules.json')
  const write = async (rules: object): Promise<void> => { await writeFile(file, JSON.stringify(rules)) }
  await write({ groups: { a: { ou: 'a' }, operators: { ou: 'operators' } } })
  const { app, get, data } = await createWorld(t, {
    clients: { file, watch: false, groups: {} }, setup: (app) => { app.get('/a', { config: { allowedClients: 'a' } }, answer) }
  })
  await write({ groups: { a: { ou: 'b' }, operators: { ou: 'operators' }, ...Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`g${index}`, { cn: 'x' }])) } })
  await app.mtls.reload()
  const { events } = await data()
  const { detail } = events.find(({ title }: any) => title === 'Rules reloaded')
  t.ok(detail.includes('came: groups.a: {"ou":"b"}'), JSON.stringify(detail))
  t.ok(detail.includes('came: 11 more rules'))
  t.ok(detail.includes('went: groups.a: {"ou":"a"}'))
  t.match(await get('/log'), 'came: groups.a')
})

test('a rule that takes a value from the request is shown, and its denial with both sides', async (t) => {
  const { as, get, data, issue } = await createWorld(t, {
    setup: (app) => { app.get('/stations/:id', { config: { allowedClients: { cn: { param: 'id' } } } }, answer) }
  })
  await as(await issue({ cn: 'CP1' }), '/stations/CP2')
  const { events } = await data()
  t.ok(events[0].detail.includes('cn: expected the parameter "id" of the request, found "CP1" (the request has "CP2")'))
  const access = await get('/access')
  t.match(access, 'CN is the parameter &quot;id&quot; of the request')
  t.match(access, 'the request decides')
})
