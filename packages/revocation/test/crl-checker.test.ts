import { test } from 'tap'
import { crlChecker } from '../src/index.ts'
import { makeCa } from './support/identities.ts'

test('says revoked with reason and date, and good until nextUpdate', async (t) => {
  const { ca, identity, leaf } = await makeCa()
  const bad = await leaf('bad')
  const fine = await leaf('fine')
  const date = new Date('2026-01-02T03:04:05Z')
  ca.revoke(bad.serialNumber, { reason: 'keyCompromise', date })
  const nextUpdate = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000)
  const { der, pem } = await ca.crl({ nextUpdate })
  for (const crl of [der, pem, Buffer.from(pem)]) {
    const checker = crlChecker({ crls: [crl], issuers: [identity] })
    t.same(checker.check(bad.identity, identity), { state: 'revoked', source: 'crl', reason: 'keyCompromise', revokedAt: date.getTime() })
    t.same(checker.check(fine.identity, identity), { state: 'good', source: 'crl', until: nextUpdate.getTime() })
    t.same(checker.check(fine.identity, undefined), { state: 'good', source: 'crl', until: nextUpdate.getTime() }, 'by the name of its issuer')
    await checker.close()
    t.same(checker.check(fine.identity, identity), { state: 'unknown', why: 'closed' })
  }
})
