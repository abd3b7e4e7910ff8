// Distinguished names as text (RFC 4514).
import { equalDistinguishedNames, parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName } from '@peerkit/identity'
import { hasCode, textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateOctets } from '../engine/mutate-octets.ts'

const WORDS = [
  ',', '+', '=', '\\', '\\,', '\\2C', '\\C3\\BC', '\\0A', '\\ ', '"', ';', '<', '>', '#', '#0c0161', '#3000', '#0500', ' ', 'CN=',
  'OU=admin', ',CN=admin', '+CN=admin', 'OID.2.5.4.3=', '2.5.4.3=', '1.2.3=', 'DC=', 'ü', '\u0301', '\u202e', '\0', '\ufeff'
].map(textInput)

export const name: Format = {
  name: 'name',
  seeds: [
    '', 'CN=alice', 'CN=alice,OU=billing,O=Example', 'CN=a\\+b\\=c/CN\\=admin,O=M\\C3\\BCller\\, S\\C3\\B6hne \\"x\\"',
    'OU=ops+OU=billing\\,CN\\=admin,DC=example,DC=com', '1.3.6.1.4.1.99999.7=#0c0761636d65,C=DE', ' CN = a , O = b ',
    'OID.2.5.4.3=x,serialNumber=12 34,UID=u', 'CN=\\ lead and trail\\ ', 'CN=\\#5,O=\\23', 'CN=日本,L=Köln',
    '2.5.4.45=#03020780,CN=#30060c0161020102'
  ].map(textInput),
  mutate: (seed, others, random) => mutateOctets(seed, others, random, WORDS),
  read: (input) => parseDistinguishedName(input.toString()),
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_NAME_INVALID'),
  check (found: DistinguishedName) {
    const text = String(found)
    const again = parseDistinguishedName(text)
    if (!equalDistinguishedNames(found, again)) return `${text} reads back as another name`
    return String(again) === text ? undefined : `${text} is written as ${String(again)} when it is read back`
  },
  maxSteps: (octets) => 500 + 60 * octets
}
