import { generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { AlgorithmPolicy } from '../src/index.ts'
import { element, oid, sequence, text } from '@peerkit/test-support/der'
import { outcomeOf } from './support/evaluate.ts'
import { ECDSA_SHA256, NOW, Party, newKeys, policies } from '@peerkit/test-support/mint'
import type { Extension, Keys, Signing } from '@peerkit/test-support/mint'
import { outcome } from './support/validate.ts'

const DSA_SHA256: Signing = { algorithm: sequence(oid('2.16.840.1.101.3.4.3.2')), hash: 'sha256' }
const dsa: Keys = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 })

test('DSA counts only where the policy names its signatures', async (t) => {
  const root = new Party('CN=root', { keys: dsa, signing: DSA_SHA256 })
  const [leaf, anchor] = [root.issue(), root.root()]
  t.equal(outcomeOf(leaf, [], [anchor]), 'weak/key_refused', "the anchor's own key")
  t.equal(outcomeOf(leaf, [], [anchor], { algorithms: { signatures: ['dsa-sha256'] } }), 'accepted by root')
  t.equal(
    outcomeOf(leaf, [], [anchor], { algorithms: { signatures: ['ecdsa-sha256'] } }),
    'weak/algorithm_refused'
  )
  t.equal(
    outcome(leaf, [], [anchor], { algorithms: { signatures: ['dsa-sha256'] } }),
    'valid',
    'the path validator has the same option'
  )
  const ec = new Party('CN=root')
  t.equal(outcomeOf(ec.issue('CN=client', { keys: dsa }), [], [ec.root()]), 'weak/key_refused', "a leaf's key")
})

test('a policy that names signatures and curves takes those and no others, wherever they are in a path', async (t) => {
  const sha384: Signing = { algorithm: sequence(oid('1.2.840.10045.4.3.3')), hash: 'sha384' }
  const strong = new Party('CN=root', { keys: newKeys('P-384'), signing: sha384 })
  const [ca, strongCa] = [new Party('CN=ca'), new Party('CN=ca', { keys: newKeys('P-384'), signing: sha384 })]
  const keys = newKeys('P-384')
  const algorithms = { signatures: ['ecdsa-sha384'], curves: ['secp384r1'] }
  t.equal(
    outcomeOf(strongCa.issue('CN=client', { keys }), [strong.certify(strongCa)], [strong.root()], { algorithms }),
    'accepted by ca < root'
  )
  t.equal(
    outcomeOf(strongCa.issue('CN=client'), [strong.certify(strongCa)], [strong.root()], { algorithms }),
    'weak/key_refused',
    "the leaf's key"
  )
  t.equal(
    outcomeOf(ca.issue('CN=client', { keys }), [strong.certify(ca)], [strong.root()], { algorithms }),
    'weak/key_refused',
    "the intermediate's key"
  )
  t.equal(
    outcomeOf(
      strongCa.issue('CN=client', { keys, signing: ECDSA_SHA256 }),
      [strong.certify(strongCa)],
      [strong.root()],
      { algorithms }
    ),
    'weak/algorithm_refused'
  )
  const weak = new Party('CN=root')
  t.equal(
    outcomeOf(weak.issue('CN=client', { keys, signing: sha384 }), [], [weak.root()], { algorithms }),
    'weak/key_refused',
    "the anchor's key"
  )
})

const qualified = (qualifier: string, critical: boolean): Extension => ({
  oid: '2.5.29.32',
  critical,
  value: sequence(sequence(oid('1.2.3'), sequence(sequence(oid(qualifier), text(0x16, 'https://example.com/cps')))))
})

test('critical certificate policies with a qualifier that is not known are refused; others are not', async (t) => {
  const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
  const [CPS, NOTICE, UNKNOWN] = ['1.3.6.1.5.5.7.2.1', '1.3.6.1.5.5.7.2.2', '1.2.3.4.5']
  const ask = (leaf: Extension, intermediate: Extension = policies('1.2.3')): string =>
    outcomeOf(
      ca.issue('CN=client', { extensions: [leaf] }),
      [root.certify(ca, { extensions: [intermediate] })],
      [root.root()]
    )
  for (const known of [CPS, NOTICE]) {
    for (const critical of [true, false]) t.equal(ask(qualified(known, critical)), 'accepted by ca < root', known)
  }
  t.equal(ask(qualified(UNKNOWN, false)), 'accepted by ca < root')
  t.equal(ask(qualified(UNKNOWN, true)), 'bad_chain/critical_extension')
  t.equal(ask(policies('1.2.3'), qualified(UNKNOWN, true)), 'bad_chain/critical_extension', 'in an intermediate')
  t.equal(ask({ ...policies('1.2.3'), critical: true }), 'accepted by ca < root', 'without qualifiers')
  const second = sequence(
    sequence(oid('1.2.3')),
    sequence(oid('1.2.4'), sequence(sequence(oid(CPS), text(0x16, 'x')), sequence(oid(UNKNOWN), element(0x05))))
  )
  t.equal(
    ask({ oid: '2.5.29.32', critical: true, value: second }),
    'bad_chain/critical_extension',
    'wherever it stands'
  )
  t.equal(
    outcomeOf(ca.issue('CN=client', { notAfter: NOW - 2_000 }), [root.certify(ca)], [root.root()]),
    'expired/expired'
  )
})

test('a name that no scheme or curve has is refused', (t) => {
  const withPolicy = (algorithms: AlgorithmPolicy) => () => createTrustEvaluator({ authorities: () => [], algorithms })
  t.throws(withPolicy({ signatures: ['ecdsa-with-SHA256'] }), {
    code: 'MTLS_ERR_PATH_OPTION', message: /algorithms\.signatures\[0\] is "ecdsa-with-SHA256"; expected a name such as ecdsa-sha256/
  })
  t.throws(withPolicy({ curves: ['P-256'] }), { message: /algorithms\.curves\[0\] is "P-256"; expected a name such as prime256v1/ })
  t.throws(withPolicy({ signatures: [] }), { message: /algorithms\.signatures is an empty list; expected a list of at least one name/ })
  t.throws(withPolicy({ minRsaBits: 4096, maxRsaBits: 3072 }), { message: /algorithms\.minRsaBits is 4096; expected at most maxRsaBits, 3072/ })
  t.doesNotThrow(withPolicy({ minRsaBits: 3072, maxRsaBits: 3072 }))
  t.doesNotThrow(withPolicy({ signatures: ['rsa-pss-sha512', 'dsa-sha256', 'ml-dsa-65'] }))
  t.end()
})
