// What is trusted with a stored certificate: what the issuer knows now, not what was right when it was stored.
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { CertificateIssuer, TimedCredentials } from '../../src/index.ts'
import { ca, makeWorld } from './instances.ts'

const other = await createDevCa({ name: 'Other CA' })

const trusted = ({ current }: TimedCredentials): readonly unknown[] => current.anchors.map(({ fingerprint256 }) => fingerprint256)

test('what an issuer knows to be trusted now replaces what was stored', async (t) => {
  const { start, issuer } = makeWorld(t)
  issuer.more = { ca: [ca.root, other.root] }
  const first = await start()
  t.equal(trusted(first).length, 2)
  issuer.isAway = true
  t.equal(trusted(await start()).length, 2, 'an issuer that does not know')
  const signals: AbortSignal[] = []
  const knowing = issuer as CertificateIssuer
  knowing.trust = async ({ signal }) => {
    signals.push(signal)
    return { ca: ca.root }
  }
  const second = await start()
  t.equal(second.current.key, first.current.key)
  t.same(second.current.ca.map((pem) => pem.trim()), [ca.root.trim()], 'a CA that was removed')
  t.match(signals, [{ aborted: false }])
  knowing.trust = () => ({})
  t.same((await start({ ca: other.root })).current.ca.map((pem) => pem.trim()), [other.root.trim()], 'without one: the option ca')
})

test('CAs that somebody wrote into the store', async (t) => {
  const { start, issuer, store } = makeWorld(t)
  const first = await start()
  const written = JSON.parse(String(store.text))
  const knowing = issuer as CertificateIssuer
  knowing.trust = () => ({})
  for (const more of [{ ca: other.root }, { intermediates: other.root }, { pfx: 'x' }]) {
    store.text = JSON.stringify({ ...written, ...more })
    const source = await start()
    t.equal(source.current.key, first.current.key)
    t.same(trusted(source), trusted(first))
    t.same(source.current.intermediateCas, [])
  }
  t.equal(issuer.calls, 1)
  delete knowing.trust
  store.text = JSON.stringify({ ...written, authorities: { other: { ca: other.root, names: 'any' } } })
  const source = await start()
  t.same(trusted(source), trusted(first), 'authorities are never stored')
  t.equal(issuer.calls, 2)
})

test('trust that cannot be read now', async (t) => {
  const { start, issuer } = makeWorld(t)
  await start()
  const knowing = issuer as CertificateIssuer
  knowing.trust = () => { throw new Error('no such file: roots.pem') }
  const source = await start()
  t.equal(issuer.calls, 2, 'the issuer is asked, which says why')
  t.equal(source.status?.().state, 'live')
  knowing.trust = async () => ({ ca: 7 as unknown as string })
  await start()
  t.equal(issuer.calls, 3)
  knowing.trust = 'x' as never
  await t.rejects(start(), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /issuer\.trust is "x"; expected a function/ })
})
