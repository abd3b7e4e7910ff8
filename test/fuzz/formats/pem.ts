// PEM (RFC 7468), as bytes of a file and as text.
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem, encodePem } from '@peerkit/identity'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'

const ca = await createDevCa()
const { chain, cert, key } = await (await ca.intermediate()).issue({ cn: 'pem' })
const WORDS = [
  '-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '-----BEGIN X509 CERTIFICATE-----', '-----', '----', '-----BEGIN ',
  '-----BEGIN TRUSTED CERTIFICATE-----', '-----BEGIN PKCS7-----', '-----begin certificate-----', '-----BEGIN CERTIFICATE -----',
  '\n', '\r\n', '\t', ' ', '=', '==', 'Proc-Type: 4,ENCRYPTED\n', '# a comment\n', '\\n', '"', 'AAAA', '\xef\xbb\xbf'
].map((word) => Buffer.from(word, 'latin1'))

export const pem: Format = {
  name: 'pem',
  seeds: [
    chain, cert, key + chain, chain.replaceAll('\n', '\r\n'), cert.replaceAll('\n', ' '), `# CA\n${ca.root}\n\n${cert}`,
    encodePem(Buffer.from('x')), chain.replaceAll('CERTIFICATE', 'X509 CERTIFICATE'), `\ufeff${cert}`
  ].map(textInput),
  mutate: (seed, others, random) => mutateOctets(seed, others, random, WORDS),
  read: (input) => decodePem(input),
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_PEM_INVALID'),
  check (found: readonly Uint8Array[], input) {
    const printed = found.map((der) => encodePem(der)).join('')
    if (!isSame(decodePem(printed), found)) return 'what was read and written reads back otherwise'
    return isSame(decodePem(input.toString('latin1')), found) ? undefined : 'the text and its bytes are read otherwise'
  },
  label: (found: readonly Uint8Array[]) => `${Math.min(found.length, 3)} blocks`,
  maxSteps: (octets) => 3_000 + 20 * octets
}

function isSame (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((der, index) => Buffer.from(der).equals(other[index] as Uint8Array))
}
