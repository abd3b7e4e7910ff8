import { test } from 'tap'
import {
  crlChecker, type OcspCheckerOptions, type RevocationChecker, type RevocationStatus
} from '../src/index.ts'
import { writeElement } from '../src/x509/der.ts'
import { craftCrl, extension, integer, pss, signings } from './support/craft.ts'
import { HOUR } from './support/clock.ts'
import { makeCa, wrapCa } from './support/identities.ts'
import type { OcspLie } from './support/ocsp-responder.ts'
import {
  another, asResponder, ca, certIdOf, failuresOf, identity, leaf, peer, roundTime, setUp
} from './support/ocsp-world.ts'

const noCheck = { oid: '1.3.6.1.5.5.7.48.1.5', value: writeElement(0x05) }

// Certificates that a wrong response is signed with.
const ended = { notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) }
const keyUsageWithoutSigning = { oid: '2.5.29.15', critical: true, value: Uint8Array.of(3, 2, 5, 0x20) }
const unknownCritical = { oid: '1.2.3.4', critical: true, value: writeElement(0x05) }
const stranger = await makeCa()
const rsaCa = await makeCa({ key: 'rsa-2048' })
const otherCa = wrapCa(await ca.intermediate())
const client = await leaf('client')
const delegate = await leaf('responder', asResponder)
const anyUse = await leaf('any', { extendedKeyUsage: ['2.5.29.37.0'] })
const expiredDelegate = await leaf('old', { ...asResponder, ...ended })
const strangersDelegate = await stranger.leaf('foreign', asResponder)
const otherCasDelegate = await otherCa.leaf('indirect', asResponder)
const notSigning = await leaf('usage', { ...asResponder, extensions: [keyUsageWithoutSigning] })
const odd = await leaf('odd', { ...asResponder, extensions: [unknownCritical] })

const peerTwice = [certIdOf(peer), certIdOf(peer)]

// Times of a response.
const DAY = 24 * HOUR
const inOneHour = new Date(Date.now() + HOUR)
const inTwoHours = new Date(Date.now() + 2 * HOUR)
const secondAgo = new Date(Date.now() - 1000)
const past = { thisUpdate: new Date(Date.now() - 2 * HOUR), nextUpdate: new Date(Date.now() - HOUR) }
const notYet = { thisUpdate: inOneHour, nextUpdate: null }
/** Beyond what a response without an end may be old. */
const minutesAgo = new Date(Date.now() - 400_000)
const eightDaysAgo = new Date(Date.now() - 8 * DAY)

interface Response { readonly title: string, readonly lie: OcspLie, readonly options?: OcspCheckerOptions }

/** By the reason for which the response is refused. */
const REFUSED: Readonly<Record<string, readonly Response[]>> = {
  certificate_mismatch: [
    { title: 'about another serial number', lie: { certIds: [certIdOf(another)] } },
    {
      title: 'that says both good and unknown of the certificate',
      lie: { certIds: peerTwice, each: [{}, { state: 'unknown' }] }
    },
    { title: 'without an answer in it', lie: { certIds: [] } }
  ],
  stale: [
    { title: 'that says good twice, once of a time that has ended', lie: { certIds: peerTwice, each: [{}, past] } },
    { title: 'whose time has ended', lie: past },
    {
      title: 'of eight days ago, although its time has not ended',
      lie: { thisUpdate: eightDaysAgo, nextUpdate: inOneHour }
    },
    { title: 'that is old and has no end', lie: { thisUpdate: minutesAgo, nextUpdate: null } },
    { title: 'that ends before it begins', lie: { thisUpdate: secondAgo, nextUpdate: past.nextUpdate } }
  ],
  not_yet_valid: [
    {
      title: 'that says revoked twice, each from a future time on',
      lie: { state: 'revoked', certIds: peerTwice, each: [notYet, notYet] }
    },
    { title: 'whose time has not begun', lie: { thisUpdate: inOneHour, nextUpdate: inTwoHours } },
    { title: 'that was produced in the future', lie: { producedAt: inOneHour } }
  ],
  signature: [
    { title: "signed by a stranger with the CA's name", lie: { key: stranger.ca.key } },
    { title: "signed by another key than the delegate's", lie: { signer: delegate, key: client.key } },
    { title: "signed by a key of another type than the CA's", lie: { key: rsaCa.ca.key, signing: signings.rsaSha256 } }
  ],
  signer_not_authorized: [
    { title: 'signed by a client certificate', lie: { signer: client } },
    { title: 'signed by a certificate for any use', lie: { signer: anyUse } },
    { title: 'signed by a delegate that has expired', lie: { signer: expiredDelegate } },
    { title: "signed by the delegate of a stranger with the CA's name", lie: { signer: strangersDelegate } },
    {
      title: 'signed by the delegate of another CA',
      lie: { signer: otherCasDelegate, certificates: [otherCasDelegate.der, otherCa.ca.der] }
    },
    { title: 'signed by a delegate whose key usage lacks digitalSignature', lie: { signer: notSigning } },
    { title: 'signed by a delegate with an unknown critical extension', lie: { signer: odd } },
    {
      title: 'signed by a delegate without nocheck, where that is required',
      lie: { signer: delegate },
      options: { requireNoCheck: true }
    }
  ],
  signer_unknown: [
    { title: 'signed by a delegate whose certificate is not sent', lie: { signer: delegate, certificates: [] } }
  ],
  algorithm: [
    { title: 'signed with SHA-1', lie: { signing: signings.ecdsaSha1 } }
  ],
  nonce: [
    { title: 'with another nonce', lie: { nonce: new Uint8Array(32) } },
    { title: 'without a nonce, where one is required', lie: { nonce: null }, options: { nonce: 'required' } }
  ],
  responder_status: [
    { title: 'with the status tryLater', lie: { outerStatus: 3 } },
    { title: 'with the status unauthorized', lie: { outerStatus: 6 } },
    { title: 'with a status that does not exist', lie: { outerStatus: 99 } }
  ],
  type: [
    { title: 'of another type', lie: { type: '1.2.3' } }
  ],
  critical_extension: [
    { title: 'with an unknown critical extension', lie: { extensions: [extension('1.2.3.4', true, integer(1))] } },
    {
      title: 'whose answer has an unknown critical extension',
      lie: { singleExtensions: [extension('1.2.3.4', true, integer(1))] }
    }
  ],
  malformed: [
    { title: 'of version 2', lie: { version: 1 } },
    { title: 'with a reason for revocation that does not exist', lie: { state: 'revoked', reason: 7 } },
    { title: 'with nine certificates', lie: { signer: delegate, certificates: Array(9).fill(delegate.der) } },
    { title: 'with 65 answers', lie: { certIds: Array(65).fill(certIdOf(another)) } },
    { title: 'that is a web page', lie: { body: Buffer.from('<html>') } },
    { title: 'that is empty', lie: { body: new Uint8Array() } },
    {
      title: 'with a certificate that cannot be read',
      lie: { signer: delegate, certificates: [writeElement(0x30, integer(1))] }
    },
    { title: 'with a number in place of a certificate', lie: { signer: delegate, certificates: [integer(1)] } }
  ]
}

for (const [reason, responses] of Object.entries(REFUSED)) {
  for (const { title, lie, options } of responses) {
    test(`refuses a response ${title} (${reason})`, async (t) => {
      const { checker } = await setUp(t, options, lie)
      const failures = await failuresOf(async () => {
        const status = await checker.check(peer, identity)
        t.match(status, { state: 'unknown', why: 'ocsp_invalid', detail: /^OCSP response refused: \P{C}{10,}$/u })
      })
      t.match(failures, [{ code: 'MTLS_ERR_OCSP_INVALID', reason }])
      t.notOk(checker.permits({ state: 'unknown', why: 'ocsp_invalid' }, peer))
    })
  }
}

const SHA256 = '2.16.840.1.101.3.4.2.1'
const vouched = await leaf('vouched', { ...asResponder, extensions: [noCheck] })
const rsaDelegate = await leaf('rsa', { ...asResponder, key: 'rsa-2048' })

const BELIEVED: readonly Response[] = [
  { title: 'signed by a delegate', lie: { signer: delegate } },
  { title: 'signed by the CA and identified by its key', lie: { byKey: true } },
  { title: 'signed by a delegate and identified by its key', lie: { signer: delegate, byKey: true } },
  {
    title: 'signed by a delegate with nocheck, where that is required',
    lie: { signer: vouched },
    options: { requireNoCheck: true }
  },
  { title: "with the CA's own certificate", lie: { certificates: [ca.der] } },
  { title: 'signed with RSA', lie: { signer: rsaDelegate, signing: signings.rsaSha256 } },
  { title: 'signed with RSA-PSS', lie: { signer: rsaDelegate, signing: pss('sha256', SHA256, 32) } },
  { title: 'without the nonce that it was sent', lie: { nonce: null } },
  { title: 'with a nonce that nobody asked for', lie: { nonce: new Uint8Array(32) }, options: { nonce: 'none' } },
  { title: 'that writes out the default version', lie: { version: 0 } },
  { title: 'with an empty list of extensions, as that of OpenBao', lie: { nonce: null, singleExtensions: [] } }
]

for (const { title, lie, options } of BELIEVED) {
  test(`believes a response ${title}`, async (t) => {
    const { checker } = await setUp(t, options, lie)
    t.match(await checker.check(peer, identity), { state: 'good' })
  })
}

test('asks delegateChecker about a delegate, unless its certificate has nocheck', async (t) => {
  const revocable = await leaf('revocable', asResponder)
  const delegateChecker = crlChecker({ crls: [craftCrl({ ca })], issuers: [identity] })
  const { checker, responder } = await setUp(t, { delegateChecker }, { signer: revocable })
  t.match(await checker.check(peer, identity), { state: 'good' })
  ca.revoke(revocable.serialNumber)
  delegateChecker.replace([(await ca.crl()).der])
  t.match(await checker.check(another, identity), { state: 'unknown' }, 'the delegate was revoked')
  responder.lie = { signer: vouched }
  t.match(
    await checker.check((await leaf('third')).identity, identity), { state: 'good' },
    'a delegate with nocheck is not asked about'
  )
  await delegateChecker.close()
})

test('a delegate is refused if delegateChecker fails, promises its policy or gives an answer that ended', async (t) => {
  const revocable = await leaf('revocable', asResponder)
  const good = { state: 'good', source: 'crl', until: Date.now() + 60_000 } as const
  const own = {
    epoch: 1, permits: ({ state }: RevocationStatus) => state === 'good', subscribe: () => () => {}, async close () {}
  }
  const odd: readonly RevocationChecker[] = [
    { ...own, check: () => ({ ...good, until: Date.now() - 1 }) },
    { ...own, check: () => { throw new Error('x') } },
    { ...own, check: () => good, permits: () => Promise.resolve(true) as never }
  ]
  for (const delegateChecker of [...odd, { ...own, check: () => good }]) {
    const { checker } = await setUp(t, { delegateChecker }, { signer: revocable })
    const state = odd.includes(delegateChecker) ? 'unknown' : 'good'
    t.match(await checker.check(peer, identity), { state, ...(state === 'unknown' && { why: 'ocsp_invalid' }) })
  }
})

/** Each about the same certificate, by either hash. */
const threeAnswers = [certIdOf(peer), certIdOf(peer, 'sha256'), certIdOf(peer)]
const ANSWERS_WITH_REVOKED: Readonly<Record<string, NonNullable<OcspLie['each']>>> = {
  'good, revoked and good': [{}, { state: 'revoked' }, {}],
  'revoked, unknown and good': [{ state: 'revoked' }, { state: 'unknown' }, {}],
  'good, good and revoked': [{}, {}, { state: 'revoked' }],
  'revoked among answers whose time has ended': [{ state: 'revoked', ...past }, { state: 'revoked' }, past]
}

for (const policy of ['hard', 'soft'] as const) {
  for (const [title, each] of Object.entries(ANSWERS_WITH_REVOKED)) {
    test(`policy ${policy}: several answers, ${title}, make the certificate revoked`, async (t) => {
      const { checker } = await setUp(t, { policy }, { certIds: threeAnswers, each })
      const status = await checker.check(peer, identity)
      t.match(status, { state: 'revoked' })
      t.notOk(checker.permits(status, peer))
    })
  }
}

test('several answers that say good count until the first of them ends', async (t) => {
  const first = roundTime(HOUR)
  const { checker } = await setUp(t, {}, {
    certIds: threeAnswers,
    each: [{ nextUpdate: roundTime(3 * HOUR) }, { nextUpdate: first }, { nextUpdate: roundTime(2 * HOUR) }]
  })
  t.match(await checker.check(peer, identity), { state: 'good', until: first.getTime() })
})

test('several answers that all say unknown leave the certificate unknown', async (t) => {
  const { checker } = await setUp(t, {}, { state: 'unknown', certIds: [certIdOf(another), certIdOf(another)] })
  t.match(await checker.check(another, identity), { why: 'ocsp_unknown' })
})
