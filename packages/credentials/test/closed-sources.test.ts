import { join } from 'node:path'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { blockFile, memoryCredentials, providerCredentials } from '../src/index.ts'
import { collect, makeFolder } from './support/world.ts'

const ca = await createDevCa()
const issued = await ca.issue({ cn: 'own' })
const own = { cert: issued.chain, key: issued.key, ca: ca.root }

test('nothing is told of a source after its end, whatever ends it', async (t) => {
  const messages = (['refused', 'recovered', 'rotated'] as const).map((event) => collect(t, event))
  const count = (): number => messages.flat().length
  const told: string[] = []
  const asked = Promise.withResolvers<void>()
  let calls = 0
  const provided = await providerCredentials(async () => {
    if (++calls === 1) return own
    asked.resolve()
    return await new Promise(() => {})
  })
  provided.subscribe(({ type }) => { told.push(type) })
  const refreshing = t.rejects(provided.refresh())
  await asked.promise
  await provided.close()
  await refreshing
  t.same([told, count()], [[], 0], 'the question that its end ended')

  const source = memoryCredentials(own)
  t.throws(() => source.update({ ca: 'garbled' }))
  source.subscribe((change) => { if (change.type === 'rotated') source.close().catch(() => {}) })
  source.subscribe(({ type }) => { told.push(type) })
  const before = count()
  source.update({ ca: (await createDevCa({ name: 'Next' })).root + own.ca })
  t.same([told, count() - before], [['rotated'], 1], 'a listener that ends it: no recovered')
  t.match(source.status?.(), { state: 'closed' })
  source.subscribe(({ type }) => { told.push(type) })
  t.throws(() => source.update({ ca: 'garbled' }), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
  t.same([told.length, count() - before], [1, 1])
})

test('nor of a block list, whatever the file holds that is read at its end', async (t) => {
  const { folder, write } = await makeFolder(t)
  const path = join(folder, 'block.json')
  const list = (names: readonly string[]): string => JSON.stringify({ version: 1, block: names.map((dns) => ({ dns })) })
  await write('block.json', list([]))
  for (const text of ['garbled', list(['a']), list([])]) {
    await write('block.json', list([]))
    const block = await blockFile(path, { watch: false })
    await write('block.json', 'garbled')
    await t.rejects(block.reload(), { code: 'MTLS_ERR_BLOCK_LIST_INVALID' })
    const told: string[] = []
    block.subscribe(({ type }) => { told.push(type) })
    await write('block.json', text)
    const reloading = block.reload().catch(() => {})
    await block.close()
    await reloading
    t.same(told, [], text)
    t.same(block.entries, [])
    t.equal(block.version, 1)
  }
})
