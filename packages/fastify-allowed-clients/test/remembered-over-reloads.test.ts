import t, { test } from 'tap'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import { injectAs } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyAllowedClientsOptions } from '../src/index.ts'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { RulesFiles } from './support/random-rules-files.ts'
import { guardedApp } from './support/app.ts'
import type { TestApp } from './support/app.ts'
import { billing, both, ca, ops } from './support/people.ts'

const directory = await mkdtemp(join(tmpdir(), 'peerkit-remembered-'))
t.teardown(async () => { await rm(directory, { recursive: true }) })
let count = 0

/** What a request was answered, and why. */
interface Outcome {
  readonly status: number
  readonly reason: string | undefined
  readonly rule: number | undefined
  readonly group: string | undefined
  readonly groups: unknown
}

interface Reloading extends TestApp {
  /** Brings other rules into force. */
  reload (rules: object): Promise<void>
  /** Asks, and says whether the answer was remembered. */
  ask (peer: PeerIdentity, url?: string): Promise<{ readonly outcome: Outcome, readonly cached: boolean | undefined }>
}

async function start (
  t: { teardown (fn: () => unknown): void }, rules: object, add: (app: TestApp['app']) => void,
  { now = Date.now, ...options }: FastifyAllowedClientsOptions & { readonly now?: () => number } = {}
): Promise<Reloading> {
  const file = join(directory, `rules-${++count}.json`)
  const write = async (next: object): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify(next))
    await rename(`${file}.new`, file)
  }
  await write(rules)
  const made = await guardedApp({ file, watch: false, ...options }, {}, { now })
  t.teardown(async () => { await made.app.close() })
  let last: RequestJudgedMessage | undefined
  const note = (message: RequestJudgedMessage): void => { last = message }
  t.teardown(listen({
    'peerkit:request:allowed': note, 'peerkit:request:denied': note, 'peerkit:request:would-deny': note
  }))
  add(made.app)
  await made.app.ready()
  return {
    ...made,
    async reload (next) {
      await write(next)
      await made.app.mtls.reload()
    },
    async ask (peer, url = '/') {
      const response = await injectAs(made.app, peer, url)
      const { reason, rule, group, cached } = last as RequestJudgedMessage
      const groups = response.statusCode === 200 ? response.json() : undefined
      return { outcome: { status: response.statusCode, reason, rule, group, groups }, cached }
    }
  }
}

function addRoot (app: TestApp['app']): void { app.get('/', async ({ peerGroups }) => peerGroups) }

test('a client whose rules did not change stays remembered, and one whose rule came or went does not', async (t) => {
  const { reload, ask } = await start(t, { defaultRules: [{ ou: 'billing' }] }, addRoot)
  t.match(await ask(billing), { outcome: { status: 200, rule: 0 }, cached: false })
  t.match(await ask(ops), { outcome: { status: 403 }, cached: false })
  await reload({ defaultRules: [{ ou: 'billing' }, { ou: 'ops' }] })
  t.match(await ask(billing), { outcome: { status: 200, rule: 0 }, cached: true })
  t.match(await ask(ops), { outcome: { status: 200, rule: 1 }, cached: false })
  await reload({ defaultRules: [{ ou: 'ops' }] })
  t.match(await ask(billing), { outcome: { status: 403 }, cached: false })
  t.match(await ask(both), { outcome: { status: 200, rule: 0 }, cached: false })
})

test('the position of a rule that moved within its list is the new one', async (t) => {
  const list = [{ cn: 'x' }, { ou: 'billing' }, { cn: 'y' }, { ou: 'ops' }]
  const { reload, ask } = await start(t, { defaultRules: list }, addRoot)
  t.match((await ask(ops)).outcome, { rule: 3 })
  t.match((await ask(both)).outcome, { rule: 1 })
  await reload({ defaultRules: list.slice(1) })
  t.match(await ask(ops), { outcome: { status: 200, rule: 2 }, cached: true })
  t.match(await ask(both), { outcome: { status: 200, rule: 0 }, cached: true })
  await reload({ defaultRules: list.slice(1).reverse() })
  t.match(await ask(both), { outcome: { rule: 0 }, cached: false }, 'the other rule stands first now')
})

test('a reload in which nobody asks ends what is remembered, and none keeps an older verdict', async (t) => {
  const { reload, ask } = await start(t, { defaultRules: [{ ou: 'billing' }] }, addRoot)
  await ask(billing)
  await reload({ defaultRules: [{ cn: 'x' }] })
  await reload({ defaultRules: [{ cn: 'x' }, { cn: 'y' }] })
  t.match(await ask(billing), { outcome: { status: 403 }, cached: false })
  await reload({ defaultRules: [{ ou: 'billing' }] })
  t.match(await ask(billing), { outcome: { status: 200 }, cached: false })
})

test('an answer that nobody asked for between two reloads is forgotten, so that no reload keeps all rules before it', async (t) => {
  const others = ['v', 'w', 'x', 'y'].map((cn) => ({ cn }))
  const { reload, ask } = await start(t, { defaultRules: [{ ou: 'billing' }] }, addRoot)
  await ask(billing)
  for (const end of [1, 2]) {
    await reload({ defaultRules: [{ ou: 'billing' }, ...others.slice(0, end)] })
    t.match(await ask(billing), { outcome: { status: 200 }, cached: true }, 'asked for between')
  }
  for (const end of [3, 4]) await reload({ defaultRules: [{ ou: 'billing' }, ...others.slice(0, end)] })
  t.match(await ask(billing), { outcome: { status: 200, rule: 0 }, cached: false })
})

test('groups, their lists on requests, and rules in code that name them', async (t) => {
  const groups = { billing: [{ ou: 'billing' }], ops: [{ ou: 'ops' }], others: [{ cn: 'x' }] }
  const { reload, ask } = await start(t, { groups }, (app) => {
    app.get('/', { config: { allowedClients: [{ cn: 'z' }, 'billing', 'ops'] } }, async ({ peerGroups }) => peerGroups)
  })
  t.match(await ask(billing), { outcome: { rule: 1, group: 'billing', groups: ['billing'] } })
  t.match(await ask(ops), { outcome: { rule: 2, group: 'ops', groups: ['ops'] } })
  await reload({ groups: { ...groups, others: [{ cn: 'x' }, { cn: 'o' }] } })
  t.match(await ask(billing), { outcome: { rule: 1, group: 'billing', groups: ['billing'] }, cached: true })
  t.match(await ask(ops), { outcome: { rule: 2, group: 'ops', groups: ['ops', 'others'] }, cached: false })
  await reload({ groups: { others: [{ cn: 'x' }], ops: [{ ou: 'ops' }], billing: [{ ou: 'billing' }, { ou: 'ops' }] } })
  t.match(await ask(ops), { outcome: { rule: 1, group: 'billing', groups: ['ops', 'billing'] }, cached: false })
})

test('a rule that ended or begins is judged by the clock of the request', async (t) => {
  let now = Date.parse('2026-12-31')
  const { reload, ask } = await start(t, { defaultRules: [{ ou: 'ops' }, { ou: 'billing', validUntil: '2027-01-01' }] }, addRoot, {
    now: () => now
  })
  t.match((await ask(billing)).outcome, { status: 200 })
  t.match((await ask(ops)).outcome, { status: 200 })
  await reload({ defaultRules: [{ ou: 'ops' }, { ou: 'billing', validUntil: '2027-01-01' }, { cn: 'b', validFrom: '2027-02-01' }] })
  t.match(await ask(billing), { outcome: { status: 200, rule: 1 }, cached: true }, 'the rule that came has not begun')
  now = Date.parse('2027-01-01')
  t.match(await ask(billing), { outcome: { status: 403 }, cached: false })
  now = Date.parse('2027-02-01')
  t.match(await ask(billing), { outcome: { status: 200, rule: 2 }, cached: false })
  await reload({ defaultRules: [{ ou: 'ops' }, { ou: 'billing', validUntil: '2027-01-01' }] })
  t.match(await ask(billing), { outcome: { status: 403 }, cached: false })
  now = Date.parse('2026-12-31')
  t.match(await ask(billing), { outcome: { status: 200, rule: 1 }, cached: false }, 'the clock jumped back')
})

test('a refused change leaves what is remembered, and words remember nothing of rules', async (t) => {
  let isOpen = true
  const { app, reload, ask } = await start(t, { routes: { 'GET /': [{ ou: 'billing' }] } }, addRoot, { onReload: () => isOpen })
  await ask(billing)
  await ask(ops)
  isOpen = false
  await t.rejects(reload({ routes: { 'GET /': [{ ou: 'ops' }] } }), { code: 'MTLS_ERR_RULES_FILE_INVALID', reason: 'rejected' })
  t.match(await ask(billing), { outcome: { status: 200 }, cached: true })
  t.match(await ask(ops), { outcome: { status: 403 }, cached: true })
  isOpen = true
  await reload({ routes: { 'GET /': 'authenticated' } })
  t.match((await ask(ops)).outcome, { status: 200, reason: undefined })
  await reload({ routes: { 'GET /': [{ ou: 'billing' }] } })
  t.match(await ask(ops), { outcome: { status: 403 }, cached: false })
  t.match(await ask(billing), { outcome: { status: 200 }, cached: false })
  t.equal(app.mtls.rulesVersion, 3)
})

test('in report mode a denial that stays is remembered too', async (t) => {
  const { reload, ask } = await start(t, { defaultRules: [{ ou: 'billing' }] }, addRoot, { mode: 'report-only' })
  t.match(await ask(ops), { outcome: { status: 200, reason: 'no_match' }, cached: false })
  await reload({ defaultRules: [{ ou: 'billing' }, { cn: 'x' }] })
  t.match(await ask(ops), { outcome: { status: 200, reason: 'no_match' }, cached: true })
  await reload({ defaultRules: [{ ou: 'billing' }, { cn: 'o' }] })
  t.match(await ask(ops), { outcome: { status: 200, reason: undefined, rule: 1 }, cached: false })
})

test('after any reloads a client is answered as one that nobody remembers', async (t) => {
  const seed = seedOf(20261129)
  t.comment(`seed ${seed}`)
  const certificates = await Promise.all([
    { cn: 'x', ou: 'a' }, { cn: 'y', ou: 'a' }, { cn: 'x', ou: ['b', 'c'], o: 'p' }, { cn: 'z', ou: 'b', o: 'q' },
    { cn: 'w' }, { cn: 'v', ou: ['a', 'b', 'c'] }
  ].map(async (names) => (await ca.issue(names)).der))
  const peers = certificates.map((der) => ({ der, known: parsePeerIdentity(der) }))
  const urls = ['/default', '/listed', '/other', '/code', '/scoped', '/reported']
  let remembered = 0
  for (let sequence = 0; sequence < rounds(6); sequence++) {
    const files = new RulesFiles(seed + sequence)
    let now = Date.parse('2026-12-15')
    const { app, reload, ask } = await start(t, files.now, (app) => {
      const answer = async ({ peerGroups }: { peerGroups: readonly string[] }): Promise<readonly string[]> => peerGroups
      for (const url of ['/default', '/listed', '/other']) app.get(url, answer)
      app.get('/code', { config: { allowedClients: [{ cn: 'w' }, 'g1', { ou: 'c' }, 'g0'] } }, answer)
      app.get('/reported', { config: { allowedClients: ['g2'], allowedClientsMode: 'report-only' } }, answer)
      app.register(async (scope) => {
        scope.mtls.allow(['g3', 'g0'])
        scope.get('/scoped', { config: { allowedClients: ['g2', 'g1'] } }, answer)
      })
    }, { now: () => now })
    for (let step = 0; step < 8; step++) {
      for (const { der, known } of files.random.some(peers, 3, 6)) {
        for (const url of files.random.some(urls, 3, 6)) {
          const { outcome, cached } = await ask(known, url)
          if (cached === true && step > 0) remembered++
          const fresh = await ask(parsePeerIdentity(der), url)
          t.same(outcome, fresh.outcome, `seed ${seed + sequence}, step ${step}, ${url}, ${String(known)}`)
        }
      }
      if (files.random.chance(0.3)) now = files.random.pick(['2026-12-15', '2027-01-15', '2027-02-15'].map(Date.parse))
      await reload(files.change())
    }
    await app.close()
  }
  t.ok(remembered > 50, `${remembered} answers were remembered`)
})
