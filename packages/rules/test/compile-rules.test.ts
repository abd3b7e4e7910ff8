import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { compileRules } from '../src/index.ts'

const ca = await createDevCa({ name: 'Rules CA' })
const web = parsePeerIdentity((await ca.issue({ cn: 'web', o: 'Acme', ou: ['ops', 'billing'], spiffe: 'spiffe://td.example/ns/ops/sa/web' })).der)

test('allows the first rule that matches and names its group', async (t) => {
  const authorizer = compileRules([{ cn: 'other' }, 'billing', { o: 'Acme' }], { groups: { billing: { ou: 'billing' } } })
  t.same(authorizer.authorize(web), { allowed: true, rule: 1, group: 'billing' })
  t.equal(authorizer.isAsync, false)
})

test('refuses a peer that no rule matches, a missing one and one of whom too little is known', async (t) => {
  const authorizer = compileRules([{ cn: 'other' }])
  t.same(authorizer.authorize(web), { allowed: false, reason: 'no_match' })
  t.same(authorizer.authorize(undefined), { allowed: false, reason: 'no_identity' })
  t.same(authorizer.authorize(null), { allowed: false, reason: 'no_identity' })
  t.same(authorizer.authorize(createPartialIdentity({ serialNumber: '01' })), { allowed: false, reason: 'incomplete_identity' })
})
