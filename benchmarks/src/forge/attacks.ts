// What an insider sends with a valid certificate: forged certificates that mislead the server.
import { COMMON_NAME, extensionsOfCa, makeKeys, writeCertificate, writeName } from './certificate.ts'
import type { Certificate, Keys } from './certificate.ts'
import type { Authority } from './authority.ts'
import { nameOfMarks, nameOfParts } from './oversize.ts'

/** The issuer of the client, and the certificates that it sends. Each call makes other certificates. */
export interface Attack { readonly issuer: Authority, send (): Certificate[] }

const MANY = 90
const TWINS = 14
const NAMES = 60_000

/**
 * The client's own issuer is sent first, because OpenSSL tries only one certificate of a name. Bare servers then
 * answer.
 */
export function attacksOf (root: Authority, intermediate: Authority): Readonly<Record<string, Attack>> {
  const stranger = makeKeys()
  const pool = Array.from({ length: MANY }, makeKeys)
  const { name, keys, certificate } = intermediate
  const write: WriteForged = (subject, issuer, own) => {
    return writeCertificate({ subject, issuer, keys: own, signer: stranger.signer, extensions: extensionsOfCa(own) })
  }
  const twins = (issuer: Uint8Array, count = TWINS): Certificate[] => {
    return Array.from({ length: count }, () => write(name, issuer, keys))
  }
  const namesakes = (of: Uint8Array): Certificate[] => pool.map((own) => {
    return writeCertificate({ subject: of, issuer: of, keys: own, signer: own.signer, extensions: extensionsOfCa(own) })
  })
  const below = (send: () => Certificate[]): Attack => ({ issuer: intermediate, send: () => [certificate, ...send()] })
  return {
    '90 self-made certificates with the name of our CA': { issuer: root, send: () => namesakes(root.name) },
    '90 self-made certificates with the name of the intermediate': below(() => namesakes(name).slice(1)),
    '14 twins of the intermediate: its name and key': below(() => twins(root.name)),
    '14 twins of the intermediate that name each other as issuer': below(() => twins(name)),
    '45 such twins, and 44 self-made certificates of their name': below(() => {
      return [...twins(name, MANY / 2), ...namesakes(name).slice(MANY / 2 + 1)]
    }),
    'a CA whose name is 60 KB of combining marks': below(() => {
      const marks = nameOfMarks(NAMES / 2, 'a')
      return [write(name, marks, keys), write(marks, root.name, stranger)]
    }),
    '60 KB of names: CAs in a row': below(() => chainOfNames(name, root.name, keys, write, stranger)),
    '60 KB of names: CAs in a row, from the name of our CA back to it': {
      issuer: root, send: () => [...chainOfNames(root.name, root.name, root.keys, write, stranger), root.certificate]
    }
  }
}

type WriteForged = (subject: Uint8Array, issuer: Uint8Array, own: Keys) => Certificate

/** From a twin of the intermediate up to the root's name, each issued by the next; names differ only at the end. */
function chainOfNames (
  from: Uint8Array, to: Uint8Array, keys: Keys, write: WriteForged, stranger: Keys
): Certificate[] {
  const count = 43
  const names = Array.from({ length: count }, (_, index) => nameOfParts(NAMES / count / 2, `CA ${index}`))
  return [
    write(from, names[0]!, keys),
    ...names.map((own, index) => write(own, names[index + 1] ?? to, stranger))
  ]
}

/** A stranger's CAs of two names and one key, each issued by all of the other name: their signatures are right. */
export function forgeMaze (one: Uint8Array, other: Uint8Array, keys: Keys): Certificate[] {
  const extensions = extensionsOfCa(keys)
  return Array.from({ length: MANY }, (_, index) => {
    const [subject, issuer] = index % 2 === 0 ? [one, other] : [other, one]
    return writeCertificate({ subject, issuer, keys, signer: keys.signer, extensions })
  })
}

/** Self-made CAs of about 650 octets each. Ninety fit into the 100 KiB that OpenSSL accepts. */
export function forgeMany (count: number): Certificate[] {
  const keys = makeKeys()
  const extensions = extensionsOfCa(keys)
  return Array.from({ length: count }, (_, index) => {
    const name = writeName([COMMON_NAME, `Nobody's CA ${index}, as long as the names of others: ${'x'.repeat(130)}`])
    return writeCertificate({ subject: name, issuer: name, keys, signer: keys.signer, extensions })
  })
}
