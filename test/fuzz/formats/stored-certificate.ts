// What a certificate store holds for a renewing source: JSON with a private key in it.
import { readStored, writeStored } from '../../../packages/credentials/src/store/stored-text.ts'
import type { StoredMaterial } from '../../../packages/credentials/src/store/stored-text.ts'
import { textInput } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'
import { mutateJson } from '../engine/mutate-json.ts'

const ID = '["vault","https://bao.example","pki","ledger"]'
const SECRET = 'VERY-SECRET-KEY-MATERIAL'
const material = { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key: SECRET }

export const storedCertificate: Format = {
  name: 'stored-certificate',
  seeds: [
    writeStored(material, ID), writeStored({ ...material, ca: ['one', 'two'], renewAt: 1_790_000_000_000 }, ID),
    writeStored({ ...material, key: Buffer.from(SECRET), crl: [Buffer.from('3000', 'hex')] }, ID), writeStored(material, 'another')
  ].map(textInput),
  mutate: mutateJson,
  read: (input) => readStored(input.toString(), ID),
  // It throws a plain Error, whose message has nothing of the text.
  isDocumented: (error) => error instanceof Error && error.constructor === Error && /^it is not a /.test(error.message) && !error.message.includes(SECRET),
  check (found: StoredMaterial | undefined) {
    if (found === undefined || found.authorities !== undefined || !isKey(found.key)) return undefined
    const text = writeStored(found, ID)
    const again = writeStored(readStored(text, ID) as StoredMaterial, ID)
    return again === text ? undefined : 'what was read and written reads back otherwise'
  },
  label: (found: StoredMaterial | undefined) => found === undefined ? 'for something else' : 'read'
}

function isKey (key: unknown): boolean { return key === undefined || typeof key === 'string' || key instanceof Uint8Array }
