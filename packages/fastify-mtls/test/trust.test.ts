import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { Accepted } from '@peerkit/trust'
import { test } from 'tap'
import { Trust } from '../src/handshake/trust.ts'

const HOUR = 3_600_000

test('no two states of the trust have one generation, though a new checker begins to count anew', async (t) => {
  let time = Math.floor(Date.now() / 1_000) * 1_000
  const clock = { now: () => time, schedule: () => () => {} }
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const list = async (hours: number): Promise<string> =>
    (await ca.crl({ nextUpdate: new Date(time + hours * HOUR) })).pem
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root, crl: await list(1), clock })
  const trust = new Trust(credentials, {
    revocation: undefined,
    algorithms: undefined,
    block: undefined,
    now: clock.now,
    onLearned: () => {}
  })
  const seen: number[] = []
  const step = (): void => {
    seen.push(trust.generation)
    t.equal(trust.generation, seen.at(-1), 'it stands while nothing moves')
  }
  step()
  for (let turn = 0; turn < 4; turn += 1) {
    time += 2 * HOUR
    // The list has ended: the checker counts that.
    credentials.current.revocation?.check(credentials.current.identity, undefined)
    step()
    credentials.update({ crl: await list(1) })
    step()
  }
  t.equal(new Set(seen).size, seen.length, seen.join())
  await credentials.close()
})

test('what a decision overrules of OpenSSL is explained by that decision alone', async (t) => {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await ca.issue()
  const part = await other.intermediate({ name: 'Part' })
  const credentials = memoryCredentials({
    cert,
    key,
    authorities: { whole: { ca: ca.root, names: 'any' }, part: { ca: part.certificate, names: 'any', partial: true } }
  })
  t.after(async () => { await credentials.close() })
  const trust = new Trust(credentials, {
    revocation: undefined, algorithms: undefined, block: undefined, now: Date.now, onLearned: () => {}
  })
  const explains = (code: string, authority: string, serverAuthOnly = false): boolean =>
    trust.explainsCode(code, { serverAuthOnly, authority } as Accepted)
  t.equal(explains('INVALID_PURPOSE', 'whole', true), true)
  t.equal(explains('INVALID_PURPOSE', 'whole'), false, 'for clients too: OpenSSL has another reason')
  t.equal(explains('UNABLE_TO_GET_ISSUER_CERT', 'part'), true)
  for (const authority of ['whole', 'unknown']) t.equal(explains('UNABLE_TO_GET_ISSUER_CERT', authority), false, authority)
  // INVALID_PURPOSE is never explained by an authority whose paths end early.
  t.equal(explains('INVALID_PURPOSE', 'part'), false)
})
