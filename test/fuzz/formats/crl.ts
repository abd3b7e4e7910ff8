// CRLs in DER and PEM: read, and verified with the CA that signs them. Only what the CA signed may be accepted.
import { createHash } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import { encodePem, parsePeerIdentity } from '@peerkit/identity'
import { parseCrls } from '@peerkit/revocation'
import type { CrlIndex } from '@peerkit/revocation'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import {
  craftCrl, distributionPoint, entry, extension, integer, reasonCode
} from '../../../packages/revocation/test/support/craft.ts'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'

const ca = await createDevCa({ name: 'CRL' })
const issuers = [parsePeerIdentity(ca.der)]
const nextUpdate = new Date(Date.now() + 3_600_000)
const crls = [
  craftCrl({ ca, number: 1, nextUpdate }),
  craftCrl({ ca, number: 7, nextUpdate, entries: [entry('01'), entry('00ff'), entry('7f0102030405060708090a0b0c0d0e0f')] }),
  craftCrl({
    ca,
    number: 8,
    nextUpdate,
    entries: [1, 6, 8, 10].map((code) => entry(`0${code.toString(16)}`, { extensions: [reasonCode(code)] })),
    extensions: [extension('2.5.29.27', true, integer(7))]
  }),
  craftCrl({
    ca, number: 9, nextUpdate, entries: [entry('02')], extensions: [distributionPoint('http://a.example/crl', { 1: true })]
  }),
  craftCrl({ ca, number: 10, nextUpdate, entries: Array.from({ length: 40 }, (_, at) => entry(`10${(at + 16).toString(16)}`)) })
].map((der) => Buffer.from(der))
const pems = [encodePem(crls[0]!, 'X509 CRL'), crls.slice(0, 3).map((der) => encodePem(der, 'X509 CRL')).join('# next\n')]
const WORDS = ['-----BEGIN X509 CRL-----', '-----END X509 CRL-----', '-----BEGIN CRL-----', '-----', '\n', ' '].map(textInput)
/** The entries of the lists that the CA signed. */
const signed = new Set(crls.flatMap((der) => parseCrls(der)).map(summarize))

interface Read { readonly plain: readonly CrlIndex[], readonly verified: readonly CrlIndex[] | string }

export const crl: Format = {
  name: 'crl',
  seeds: [...crls, Buffer.from(craftCrl({ ca, nextUpdate: null, version: null })), ...pems.map(textInput), Buffer.concat(crls.slice(0, 2))],
  mutate: (seed, others, random) => seed[0] === 0x30 ? mutateDer(seed, others, random) : mutateOctets(seed, others, random, WORDS),
  read: (input) => ({ plain: parseCrls(input), verified: verify(input) }) satisfies Read,
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_CRL_INVALID'),
  check ({ plain, verified }: Read, input) {
    const fromText = input[0] === 0x2d ? parseCrls(input.toString('latin1')) : plain
    if (fromText.map(summarize).join() !== plain.map(summarize).join()) return 'the text and its bytes are read otherwise'
    if (typeof verified === 'string') return undefined
    const wrong = verified.find((list) => !signed.has(summarize(list)))
    return wrong && `accepted a list that the CA did not sign: ${summarize(wrong)}`
  },
  label: ({ verified }: Read) => typeof verified === 'string' ? `read, ${verified}` : 'verified',
  maxSteps: (octets) => 6_000 + 60 * octets
}

function verify (input: Buffer): readonly CrlIndex[] | string {
  try {
    return parseCrls(input, { issuers })
  } catch (error) {
    if (!hasCode(error, 'MTLS_ERR_CRL_INVALID')) throw error
    return (error as { reason: string }).reason
  }
}

function summarize ({ thisUpdate, nextUpdate, number, baseNumber, scope, size, entriesDigest, issuerName }: CrlIndex): string {
  const whole = [thisUpdate, nextUpdate, number, baseNumber, scope.raw, size, entriesDigest, issuerName].join()
  return createHash('sha256').update(whole).digest('hex').slice(0, 16)
}
