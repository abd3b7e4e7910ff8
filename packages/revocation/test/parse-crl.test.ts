import { randomBytes, randomInt } from 'node:crypto'
import { test } from 'tap'
import { writeElement } from '../src/x509/der.ts'
import { crlChecker, loadCrl, loadCrls, parseCrl, parseCrls, SYNC_CRL_BYTES } from '../src/index.ts'
import {
  craftCrl, distributionPoint, entry, extension, generalizedTime, integer, pss, reasonCode, signings, time, toPem,
  type CrlCraft
} from './support/craft.ts'
import { makeCa } from './support/identities.ts'

const { ca, identity } = await makeCa()
const rsa = await makeCa({ name: 'RSA', key: 'rsa-2048' })
const ed = await makeCa({ name: 'Ed', key: 'ed25519' })
const other = await makeCa({ name: 'Other' })

const serials = [entry('01')]
const altered = Buffer.from(craftCrl({ ca, entries: [entry('0a0b0c0d')] }))
altered[altered.indexOf(Buffer.from('0a0b0c0d', 'hex'))] = 0x0b
/** What is refused, why, and the CRL: crafted, or as octets or PEM. */
const REFUSED: ReadonlyArray<readonly [
  title: string, reason: string, crl: Uint8Array | string | Omit<CrlCraft, 'ca'>
]> = [
  ['octets after its end', 'malformed', { trailing: Uint8Array.of(0) }],
  ['no DER at all', 'malformed', Buffer.from('hello')],
  ['a cut CRL', 'malformed', craftCrl({ ca, entries: serials }).subarray(0, 100)],
  ['version 3', 'malformed', { version: 2 }],
  ['version 1 with extensions', 'malformed', { version: null, number: 1 }],
  ['two different algorithms', 'malformed', { outerSigning: signings.ecdsaSha384 }],
  ['SHA-1', 'algorithm', { signing: signings.ecdsaSha1 }],
  ['an algorithm of another key type', 'signature', { key: rsa.ca.key, signing: signings.rsaSha256 }],
  ['another signer', 'signature', { key: other.ca.key }],
  ['a serial changed after signing', 'signature', altered],
  ['an unknown issuer', 'issuer_unknown', craftCrl({ ca: other.ca })],
  ['no nextUpdate', 'no_next_update', { nextUpdate: null }],
  ['no nextUpdate, but entries', 'no_next_update', { nextUpdate: null, entries: serials }],
  ['nextUpdate before thisUpdate', 'malformed', { nextUpdate: new Date('2020-01-01') }],
  ['an unknown critical extension', 'critical_extension', { extensions: [extension('1.2.3.4', true, integer(1))] }],
  ['an extension twice', 'malformed', { number: 1, extensions: [extension('2.5.29.20', false, integer(2))] }],
  ['an indirect CRL', 'indirect', { extensions: [distributionPoint(undefined, { 4: true })] }],
  ['attribute certificates only', 'scope', { extensions: [distributionPoint(undefined, { 5: true })] }],
  ['some reasons only', 'scope', { extensions: [distributionPoint(undefined, { 3: true })] }],
  ['user and CA certificates only', 'scope', { extensions: [distributionPoint(undefined, { 1: true, 2: true })] }],
  [
    'a point named relative to the issuer', 'scope',
    { extensions: [extension('2.5.29.28', true, writeElement(0x30, writeElement(0xa0, writeElement(0xa1))))] }
  ],
  [
    'an entry of another issuer', 'indirect',
    { entries: [entry('01', { extensions: [extension('2.5.29.29', true, writeElement(0x30))] })] }
  ],
  [
    'an unknown critical extension of an entry', 'critical_extension',
    { entries: [entry('01', { extensions: [extension('1.2.3.4', true, integer(1))] })] }
  ],
  ['a reason that does not exist', 'malformed', { entries: [entry('01', { extensions: [reasonCode(7)] })] }],
  ['removeFromCRL in a complete CRL', 'malformed', { entries: [entry('01', { extensions: [reasonCode(8)] })] }],
  ['an empty serial', 'malformed', { entries: [entry('')] }],
  ['a serial with a needless zero', 'malformed', { entries: [entry('0001')] }],
  ['a serial with needless ones', 'malformed', { entries: [entry('ff80')] }],
  ['a serial of 66 octets', 'malformed', { entries: [entry('01'.repeat(66))] }],
  [
    'a serial that is no INTEGER', 'malformed',
    { entries: [writeElement(0x30, writeElement(0x04, Uint8Array.of(1)), time(new Date()))] }
  ],
  ['an entry that is no SEQUENCE', 'malformed', { entries: [writeElement(0x31, Uint8Array.of(2, 1, 1))] }],
  ['an entry without a date', 'malformed', { entries: [writeElement(0x30, Uint8Array.of(2, 1, 1))] }],
  [
    'an entry whose serial runs over its end', 'malformed',
    { entries: [writeElement(0x30, Uint8Array.of(2, 9, 1)), entry('02')] }
  ],
  ['an entry that runs over the list', 'malformed', { entries: [Uint8Array.of(0x30, 0x40, 2, 1, 1)] }],
  ['an indefinite length of an entry', 'malformed', { entries: [Uint8Array.of(0x30, 0x80, 2, 1, 1, 0, 0)] }],
  [
    'a length of an entry in more octets than needed', 'malformed',
    { entries: [Buffer.concat([Uint8Array.of(0x30, 0x81, 18), entry('01').subarray(2)])] }
  ],
  ['February 30', 'malformed', { entries: [entry('01', { date: writeElement(0x17, Buffer.from('260230000000Z')) })] }],
  [
    'a date with letters', 'malformed',
    { entries: [entry('01', { date: writeElement(0x17, Buffer.from('26023x000000Z')) })] }
  ],
  [
    'octets after the reason', 'malformed',
    { entries: [Buffer.concat([Uint8Array.of(0x30, 22), entry('01').subarray(2), Uint8Array.of(5, 0)])] }
  ],
  ['a delta without a number', 'malformed', { extensions: [extension('2.5.29.27', true, integer(1))] }],
  [
    'a delta numbered below its base', 'malformed',
    { number: 1, extensions: [extension('2.5.29.27', true, integer(2))] }
  ],
  [
    'a negative number', 'malformed',
    { extensions: [extension('2.5.29.20', false, writeElement(0x02, Uint8Array.of(0xff)))] }
  ],
  ['PEM without an end', 'malformed', toPem(craftCrl({ ca })).slice(0, -20)],
  ['PEM that is cut', 'malformed', toPem(craftCrl({ ca })).replace(/.\n-----END/, '-----END')],
  ['PEM with a foreign character', 'malformed', toPem(craftCrl({ ca })).replace('MI', 'M!')],
  ['PEM of something else', 'malformed', ca.certificate]
]

for (const [title, reason, crl] of REFUSED) {
  test(`refuses a CRL: ${title} (${reason})`, async (t) => {
    const octets = typeof crl === 'string' || crl instanceof Uint8Array ? crl : craftCrl({ ca, ...crl })
    const refusal = { code: 'MTLS_ERR_CRL_INVALID', reason }
    t.throws(() => parseCrl(octets, { issuers: [identity] }), refusal, 'by parseCrl')
    t.throws(() => crlChecker({ crls: [octets], issuers: [identity] }), refusal, 'by crlChecker')
  })
}

test('refuses an issuer that is no CA, or whose keyUsage lacks cRLSign', async (t) => {
  const noSign = await makeCa({ extensions: [{ oid: '2.5.29.15', critical: true, value: Uint8Array.of(3, 2, 2, 4) }] })
  t.throws(
    () => parseCrl(craftCrl({ ca: noSign.ca }), { issuers: [noSign.identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_not_allowed' }
  )
  const user = await makeCa({ extensions: [{ oid: '2.5.29.19', critical: true, value: writeElement(0x30) }] })
  t.throws(
    () => parseCrl(craftCrl({ ca: user.ca }), { issuers: [user.identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_not_allowed' }
  )
})

test('verifies ECDSA, RSA, RSA-PSS and Ed25519', (t) => {
  const sha256 = '2.16.840.1.101.3.4.2.1'
  t.equal(parseCrl(craftCrl({ ca, signing: signings.ecdsaSha384 }), { issuers: [identity] }).verifiedBy, identity)
  for (const signing of [
    signings.rsaSha256, signings.rsaSha512, pss('sha256', sha256, 32), pss('sha256', sha256, 20, { trailer: 1 })
  ]) {
    t.equal(parseCrl(craftCrl({ ca: rsa.ca, signing }), { issuers: [identity, rsa.identity] }).verifiedBy, rsa.identity)
  }
  t.equal(
    parseCrl(craftCrl({ ca: ed.ca, signing: signings.ed25519 }), { issuers: [ed.identity] }).verifiedBy, ed.identity
  )
  for (const signing of [
    pss('sha256', sha256, 32, { maskOid: '2.16.840.1.101.3.4.2.3' }), pss('sha1', '1.3.14.3.2.26', 20),
    pss('sha256', sha256, 32, { trailer: 2 })
  ]) {
    t.throws(
      () => parseCrl(craftCrl({ ca: rsa.ca, signing }), { issuers: [rsa.identity] }),
      { code: 'MTLS_ERR_CRL_INVALID', reason: 'algorithm' }
    )
  }
  const wrong = { ...pss('sha256', sha256, 32), saltLength: 20 }
  t.throws(
    () => parseCrl(craftCrl({ ca: rsa.ca, signing: wrong }), { issuers: [rsa.identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature' },
    'another salt than it says'
  )
  t.end()
})

test('finds the right key among issuers of one name', async (t) => {
  const twin = await makeCa()
  t.equal(parseCrl(craftCrl({ ca: twin.ca }), { issuers: [identity, twin.identity] }).verifiedBy, twin.identity)
})

test('reads every field of the list and of its entries', (t) => {
  const thisUpdate = new Date('2026-05-01T00:00:00Z')
  const nextUpdate = new Date('2055-05-01T00:00:00Z')
  const reasons = [
    'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
    'certificateHold', undefined, undefined, 'privilegeWithdrawn', 'aACompromise'
  ]
  const entries = reasons.flatMap((reason, code) => reason === undefined
    ? []
    : [entry(`10${code.toString(16).padStart(2, '0')}`, { extensions: [reasonCode(code)] })])
  const wide = [
    extension('2.5.29.24', false, generalizedTime(new Date())), reasonCode(1),
    extension('1.2.3', false, new Uint8Array(400))
  ]
  const index = parseCrl(craftCrl({
    ca,
    thisUpdate,
    nextUpdate,
    number: 300,
    entries: [
      ...entries, entry('00ff', { date: generalizedTime(new Date('2120-01-01T00:00:00Z')) }),
      entry('00', { extensions: wide }), entry('7f'.repeat(40)), entry('7f'.repeat(40)), entry('ff')
    ]
  }), { issuers: [identity] })
  for (const [code, reason] of reasons.entries()) {
    const expected = reason === undefined
      ? undefined
      : { reason: code === 0 ? undefined : reason, revokedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }
    t.same(index.find(`10${code.toString(16).padStart(2, '0')}`), expected)
  }
  t.match(index, {
    thisUpdate: thisUpdate.getTime(),
    nextUpdate: nextUpdate.getTime(),
    number: 300n,
    baseNumber: undefined,
    isDelta: false,
    size: entries.length + 4
  })
  t.equal(index.issuer, identity.subject)
  t.same(
    index.find('FF'),
    { reason: undefined, revokedAt: undefined },
    'either case; a date that 32 bits of seconds do not hold is unknown'
  )
  t.equal(index.find('-01')?.revokedAt, Date.UTC(2026, 0, 2, 3, 4, 5), 'the negative ff is another serial number')
  t.same(index.find('00ff')?.reason, undefined)
  t.ok(index.has('00ff'), 'a leading zero octet does not matter')
  t.same(index.find('00')?.reason, 'keyCompromise')
  t.ok(index.has('7f'.repeat(40)), 'longer than RFC 5280 allows')
  for (const text of [
    '', 'f', 'fff', '7f', '7f'.repeat(39), '7f'.repeat(41), '01'.repeat(65), '00'.repeat(5000), 'zz', '1g', 'ÿÿ',
    '\u0130\u0130', '\u{1f600}', '１０', '+1', '0x10'
  ]) t.notOk(index.has(text) || index.find(text), text)
  t.ok(Object.isFrozen(index))
  t.end()
})

test('takes several CRLs from one PEM text, and text between them', async (t) => {
  const first = toPem(craftCrl({ ca })).replaceAll('\n', '\r\n')
  const second = toPem(craftCrl({ ca: rsa.ca, signing: signings.rsaSha256, entries: [entry('01')] }))
  const text = `first\r\n${first}second\n${second}`
  for (const input of [text, Buffer.from(text)]) {
    t.same(parseCrls(input, { issuers: [identity, rsa.identity] }).map(({ size }) => size), [0, 1])
    t.same((await loadCrls(input)).map(({ verifiedBy }) => verifiedBy), [undefined, undefined])
    t.throws(() => parseCrl(input), { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed' }, 'where one is expected')
    await t.rejects(loadCrl(input), { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed' })
  }
})

test('an index that was not verified is taken by no checker', (t) => {
  const index = parseCrl(craftCrl({ ca }))
  t.equal(index.issuer, undefined)
  t.throws(
    () => crlChecker({ crls: [index], issuers: [identity] }), { code: 'MTLS_ERR_CRL_INVALID', reason: 'unverified' }
  )
  const verified = parseCrl(craftCrl({ ca }), { issuers: [identity] })
  t.throws(
    () => crlChecker({ crls: [verified], issuers: [other.identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'issuer_unknown' }, 'nor one by an issuer it does not know'
  )
  t.end()
})

test('loads a large CRL in slices, and refuses it where it would have to be parsed at once', async (t) => {
  const count = 50_000
  const serials = Array.from({ length: count }, (_, i) => `4a${'00'.repeat(14)}${i.toString(16).padStart(10, '0')}`)
  const big = { entries: serials.map((serial) => entry(serial)) }
  const der = craftCrl({ ca, ...big })
  t.throws(() => parseCrl(der, { issuers: [identity] }), { code: 'MTLS_ERR_CRL_INVALID', reason: 'too_large_for_sync' })
  t.throws(
    () => crlChecker({ crls: [der], issuers: [identity] }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'too_large_for_sync' }
  )
  await t.rejects(
    loadCrl(der, { issuers: [identity], maxBytes: SYNC_CRL_BYTES }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'too_large' }
  )
  for (const [input, least] of [[der, Math.floor(count / 2048)], [toPem(der), Math.floor(count / 2048) + 4]] as const) {
    let pauses = 0
    const index = await loadCrl(input, { issuers: [identity], pause: async () => { pauses++ } })
    t.ok(pauses >= least, `${pauses} pauses`)
    t.equal(index.size, count)
    t.ok(serials.every((serial) => index.has(serial)))
    t.notOk(index.has(`4a${'00'.repeat(14)}${count.toString(16).padStart(10, '0')}`))
    t.ok(index.byteLength < count * 48, `${index.byteLength} octets are held`)
  }
  const edDer = craftCrl({ ca: ed.ca, signing: signings.ed25519, ...big })
  t.equal((await loadCrl(edDer, { issuers: [ed.identity] })).size, count)
  t.throws(
    () => parseCrl(edDer, { issuers: [ed.identity], maxBytes: edDer.length }),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'too_large_for_sync' },
    'what hashes by itself is verified in a thread'
  )
  const forged = craftCrl({
    ca: ed.ca, key: (await makeCa({ key: 'ed25519' })).ca.key, signing: signings.ed25519, ...big
  })
  await t.rejects(loadCrl(forged, { issuers: [ed.identity] }), { code: 'MTLS_ERR_CRL_INVALID', reason: 'signature' })
})

test('finds serials of every length, with leading zeros or without, in either case, and no other', (t) => {
  const random = (octets: number): string =>
    Buffer.from(randomBytes(octets).with(0, randomInt(1, 0x80))).toString('hex')
  const listed = Array.from({ length: 64 }, (_, length) => Array.from({ length: 40 }, () => random(length + 1))).flat()
  const index = parseCrl(craftCrl({ ca, entries: listed.map((serial) => entry(serial)) }))
  const known = new Set(listed)
  t.equal(index.size, known.size)
  const missed = listed.filter((serial) => !(index.has(serial) && index.has(serial.toUpperCase()) &&
    index.has(`0000${serial}`.slice(-130)) && index.find(serial) !== undefined))
  t.same(missed, [])
  // One bit of it changed, one octet more, one less.
  const near = listed.map((serial) => Buffer.from(serial, 'hex')).flatMap((bytes) => [
    bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1), Buffer.concat([bytes, Buffer.alloc(1)]), bytes.subarray(0, -1)
  ])
  const wrong = near
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .filter((text) => index.has(text) !== known.has(text.replace(/^(00)+(?=..)/, '')))
  t.same(wrong, [])
  t.end()
})

test('finds blocks of PEM across the stretches that are looked through at once', async (t) => {
  const pem = toPem(craftCrl({ ca, entries: [entry('01')] }))
  const stretch = 1 << 22
  const body = pem.indexOf('\n')
  for (const before of [stretch - 10, stretch - 1, stretch, 2 * stretch - 23]) {
    for (const within of [0, stretch - 5]) {
      let pauses = 0
      const text = `${' '.repeat(before - 1)}\n${pem.slice(0, body)}${'\n'.repeat(within)}${pem.slice(body)}`
      const [index, ...rest] = await loadCrls(
        Buffer.from(text), { issuers: [identity], pause: async () => { pauses++ } }
      )
      t.ok(index?.has('01') === true && rest.length === 0)
      t.ok(within === 0 || pauses > 0)
    }
  }
  await t.rejects(
    loadCrls(Buffer.from(`${' '.repeat(stretch)}-----BEGIN X509 CR`)),
    { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed' }
  )
})

test('reads base64 however its lines are broken, and refuses what is none', (t) => {
  for (const count of [1, 2, 3]) {
    const der = craftCrl({ ca, entries: Array.from({ length: count }, (_, i) => entry(`7${i}`.repeat(i + 1))) })
    const base64 = Buffer.from(der).toString('base64')
    for (const width of [1, 3, 4, 5, 63, 64, 76, 100_000]) {
      const body = base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
      for (const end of ['\n', '\r\n', ' \n\t']) {
        t.equal(parseCrl(
        `-----BEGIN X509 CRL-----${end}${body.join(end)}${end}-----END X509 CRL-----`, { issuers: [identity] }
        ).size, count)
      }
    }
    for (const at of [0, 1, 2, 3, 64, 65, base64.length - 4]) {
      for (const wrong of ['-', '_', '=', '\u0000', 'é', '']) {
        const text =
          `-----BEGIN X509 CRL-----\n${base64.slice(0, at)}${wrong}${base64.slice(at + 1)}\n-----END X509 CRL-----`
        t.throws(
          () => parseCrl(text, { issuers: [identity] }), { code: 'MTLS_ERR_CRL_INVALID', reason: 'malformed' },
          `${JSON.stringify(wrong)} at ${at}`
        )
      }
    }
  }
  t.end()
})
