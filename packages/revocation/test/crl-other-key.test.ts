import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { crlChecker, loadCrlChecker, type CrlChecker } from '../src/index.ts'
import { writeElement } from '../src/x509/der.ts'
import { craftCrl, entry, extension } from './support/craft.ts'
import { makeCa } from './support/identities.ts'

// A CA that rolls over to a new key keeps its name, and the list by its old key may still lie about.

const subject = { subject: [{ type: 'CN', value: 'K' }] } as const
const [old, current, stranger] = [await makeCa(subject), await makeCa(subject), await makeCa(subject)]
const keyId = (value: Uint8Array): Uint8Array => extension('2.5.29.35', false, value)
const own = craftCrl({ ca: current.ca })
const options = { issuers: [current.identity], foreignCrls: 'ignore' } as const
const namesOf = (names: CrlChecker['foreign']): string[] => names.map(String)
const forged = { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature', message: /its signature is not valid for CN=K/ }

test('a list by the key of a CA that counted before is left out', async (t) => {
  const crls = [own, craftCrl({ ca: old.ca, entries: [entry('01')] })]
  t.throws(() => crlChecker({ ...options, crls }), forged, 'nobody has ever verified it')
  const given = { ...options, crls, formerIssuers: [stranger.identity, old.identity] }
  for (const checker of [crlChecker(given), await loadCrlChecker(given)]) {
    t.equal(checker.lists.length, 1)
    t.same(namesOf(checker.foreign), ['CN=K'])
    t.same(namesOf(checker.foreignKeys), ['CN=K'])
    t.same(checker.formerIssuers, [old.identity])
    t.same(checker.issuers, [current.identity])
    t.match(checker.check(parsePeerIdentity((await old.leaf('x')).der), old.identity), { why: 'no_crl' })
    await checker.load([own])
    t.same([checker.foreign, checker.foreignKeys, checker.formerIssuers], [[], [], []])
    await t.rejects(checker.load([craftCrl({ ca: current.ca, key: (await makeCa()).ca.key })]), forged)
  }
  t.throws(() => crlChecker({ crls, issuers: [current.identity], formerIssuers: [old.identity] }), forged,
    'unless strangers are refused')
  t.throws(() => crlChecker({ ...options, crls, formerIssuers: 'x' as never }),
    { code: 'MTLS_ERR_REVOCATION_OPTION' })
})

test('so is one that names another key itself', async (t) => {
  const {
    foreign, foreignKeys, formerIssuers,
    lists
  } = crlChecker({ ...options, crls: [own, (await old.ca.crl()).der] })
  t.same([namesOf(foreign), namesOf(foreignKeys), formerIssuers.length, lists.length], [['CN=K'], ['CN=K'], 0, 1])
})

test('a list that does not say so is a corrupted one', async (t) => {
  const { der } = await current.ca.crl()
  t.throws(() => crlChecker({ ...options, crls: [Buffer.concat([der.subarray(0, -1), Buffer.of(der.at(-1)! ^ 1)])] }),
    forged, 'it names the key of the CA')
  for (const value of [writeElement(0x30), writeElement(0x04), Uint8Array.of(0x30, 9)]) {
    t.throws(() => crlChecker({ ...options, crls: [craftCrl({ ca: old.ca, extensions: [keyId(value)] })] }), forged)
  }
  t.equal(crlChecker({
    ...options,
    crls: [craftCrl({
      ca: current.ca,
      extensions: [keyId(writeElement(0x30, writeElement(0x80, Uint8Array.of(1))))]
    })]
  }).lists.length, 1,
  'where the signature fits, nobody asks')
})

test('a list by another key of a stranger\'s name is a stranger\'s', async (t) => {
  const other = await makeCa({ name: 'Other' })
  const {
    foreign,
    foreignKeys
  } = crlChecker({ ...options, crls: [own, craftCrl({ ca: other.ca })], formerIssuers: [other.identity] })
  t.same([foreign.length, foreignKeys.length], [1, 0])
})
