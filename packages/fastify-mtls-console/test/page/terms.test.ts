import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { TERM_WORDS } from '../../src/page/terms.ts'
import { createWorld } from '../support/world.ts'

/** The entry of docs/glossary.md for each word of the console. */
const ENTRIES: Readonly<Record<string, string>> = {
  'trusted CA': 'Anchor',
  authority: 'Authority',
  'trust bundle': 'Trust bundle',
  chain: 'Chain and path',
  'claimed, not believed': 'Claim',
  clientAuth: 'Purpose',
  CRL: 'CRL',
  denied: 'Denial',
  'SHA-256': 'Fingerprint',
  generation: 'Generation',
  gateway: 'Gateway',
  'refused handshake': 'Refusal',
  'report only': 'Report-only mode',
  rotation: 'Rotation',
  'serial number': 'Serial number',
  serverAuthOnly: 'For servers only',
  'SPIFFE ID': 'SPIFFE ID',
  'trust epoch': 'Trust version',
  unverified: 'Unverified',
  'vouches for': 'Vouch'
}

test('each word that the console explains is in the glossary', async (t) => {
  const glossary = readFileSync(join(import.meta.dirname, '../../../../docs/glossary.md'), 'utf8')
  t.strictSame([...TERM_WORDS].sort(), Object.keys(ENTRIES).sort())
  for (const word of TERM_WORDS) t.match(glossary, new RegExp(`^### ${ENTRIES[word]}$`, 'm'), word)
})

test('each word that a page explains has its meaning on that page, once', async (t) => {
  const { get, as, issue } = await createWorld(t, { crl: true })
  await as(await issue({ cn: 'nobody' }), '/accounts')
  for (const path of ['/', '/access', '/clients', '/calls', '/log', '/trust', '/timeline', '/forecast']) {
    const page = await get(path)
    for (const [, id] of page.matchAll(/popovertarget="([^"]+)"/g)) t.equal(page.split(`popover id="${id}"`).length, 2, `${path}: ${id}`)
  }
  t.match(await get('/trust'), 'popovertarget="term-crl"')
})

test('an address without a page is answered by a page for browsers, and by JSON for scripts', async (t) => {
  const { ask, issue } = await createWorld(t)
  const page = await ask({ url: '/console/no/%3Cb%3E?x=1', headers: { accept: 'text/html,*/*' } })
  t.equal(page.statusCode, 404)
  t.match(page.body, 'The console has no page <code>/console/no/%3Cb%3E</code>.')
  t.match(page.body, '<a href="/console/timeline">Timeline</a>')
  const other = await ask({ url: '/console/nothing.json' })
  t.match(other.json(), { statusCode: 404, error: 'Not Found', message: 'The console has no page /console/nothing.json' })
  t.equal(other.headers['x-content-type-options'], 'nosniff')
  t.equal((await ask({ url: '/console/no', headers: { accept: 'text/html' } }, await issue({ cn: 'nobody' }))).statusCode, 403, 'whoever may not read it learns nothing')
})
