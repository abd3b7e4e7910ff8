import { test } from 'tap'
import { parseCrl, verifyOcspResponse } from '../src/index.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { craftCrl, distributionPoint, entry, reasonCode } from './support/craft.ts'
import { makeCa } from './support/identities.ts'
import { craftOcspResponse } from './support/ocsp-responder.ts'

const { ca, identity, leaf } = await makeCa()

/** Every octet of a document changed in three ways, and every beginning of it. */
function * mutate (der: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < der.length; i++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const mutant = Uint8Array.from(der)
      mutant[i]! ^= change
      yield mutant
    }
    yield der.subarray(0, i)
  }
}

function refusalsOf (
  der: Uint8Array, read: (mutant: Uint8Array) => void
): { codes: Set<unknown>, accepted: number, tried: number } {
  const codes = new Set<unknown>()
  let accepted = 0
  let tried = 0
  for (const mutant of mutate(der)) {
    tried++
    try {
      read(mutant)
      accepted++
    } catch (error) {
      codes.add((error as { code?: unknown }).code)
    }
  }
  return { codes, accepted, tried }
}

test('a CRL with any octet changed is refused, by its own error', (t) => {
  const entries = [entry('0102', { extensions: [reasonCode(1)] }), entry('7f01')]
  const der = craftCrl({ ca, number: 7, entries, extensions: [distributionPoint('http://crl.example/', { 1: true })] })
  t.ok(parseCrl(der, { issuers: [identity] }))
  const { codes, accepted, tried } = refusalsOf(der, (mutant) => { parseCrl(mutant, { issuers: [identity] }) })
  t.same([...codes], ['MTLS_ERR_CRL_INVALID'])
  t.equal(accepted, 0)
  t.equal(tried, der.length * 4)
  const unverified = refusalsOf(der, (mutant) => { parseCrl(mutant) })
  t.same(
    [...unverified.codes], ['MTLS_ERR_CRL_INVALID'], 'nor does the parser fail otherwise where no signature protects it'
  )
  t.end()
})

test('an OCSP response with any octet changed is refused, by its own error', async (t) => {
  const peer = (await leaf('peer')).identity
  const request = writeOcspRequest(describeCertId(peer, identity, 'sha1'), new Uint8Array(32))
  const delegate = await leaf('responder', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.9'] })
  for (const lie of [{ state: 'revoked', reason: 1 }, { signer: delegate }] as const) {
    const der = craftOcspResponse(ca, request, lie)
    t.ok(verifyOcspResponse(der, peer, identity))
    const { codes, accepted } = refusalsOf(der, (mutant) => { verifyOcspResponse(mutant, peer, identity) })
    t.same([...codes], ['MTLS_ERR_OCSP_INVALID'])
    t.equal(accepted, 0)
  }
})
