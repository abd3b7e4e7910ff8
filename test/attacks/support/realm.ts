import {
  DAY, certify, issueClient, issueServer, keyIdOf, makeIntermediate, makeKey, makeRoot, publicKeyOf
} from './forger.ts'
import type { Authority, Draft, Made } from './forger.ts'
import { present } from './dial.ts'
import type { Presented } from './dial.ts'

/**
 * Two roots that are trusted. Below A there are two CAs: one that servers know from `ca`, one that clients bring
 * along.
 */
export interface Realm {
  readonly a: Authority
  readonly b: Authority
  readonly listed: Authority
  readonly brought: Authority
}

export function makeRealm (): Realm {
  const [a, b] = [makeRoot('Root A'), makeRoot('Root B')]
  return { a, b, listed: makeIntermediate(a, 'Listed'), brought: makeIntermediate(a, 'Brought') }
}

/** By its keys, as a `Responder` knows its CAs. */
export const keysOf = ({ a, b, listed, brought }: Realm): string[] =>
  [a, b, listed, brought].map(({ key }) => publicKeyOf(key).toString('base64'))

type Forgery = (victim: Authority, realm: Realm) => Partial<Draft> & Pick<Draft, 'signer'>
/** Nobody but B could sign these, and B did not. */
const asIfByB = ({ b }: Realm): Partial<Draft> & Pick<Draft, 'signer'> =>
  ({ issuer: b.name, issuerKeyId: keyIdOf(b.key), signer: 'garbage' })
const forger = makeKey()

/** What is wrong with a forged hop, for the certificate whose place it takes. */
const FORGERIES: Readonly<Record<string, Forgery>> = {
  'other key, same name': (_victim, realm) => ({ ...asIfByB(realm), key: forger }),
  'same key, other name': (_victim, realm) => ({ ...asIfByB(realm), subject: 'Other' }),
  'expired twin': () => ({ signer: 'garbage', notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY }),
  'self-signed twin': ({ name, key }) => ({ issuer: name, key: forger, signer: forger, issuerKeyId: keyIdOf(key) }),
  'cross-sign of another trusted CA': (_victim, realm) => asIfByB(realm)
}

interface Position {
  readonly issuer: keyof Realm
  readonly victim: keyof Realm
  sent (issuer: Authority, forged: Made): Array<{ readonly pem: string }>
}

/** Where it stands: who issued the leaf, whom it imitates, and what is sent above the leaf. */
const POSITIONS: Readonly<Record<string, Position>> = {
  'in place of the intermediate': { issuer: 'listed', victim: 'listed', sent: (_issuer, forged) => [forged] },
  'before the intermediate': { issuer: 'brought', victim: 'brought', sent: (issuer, forged) => [forged, issuer] },
  'after the intermediate': { issuer: 'brought', victim: 'brought', sent: (issuer, forged) => [issuer, forged] },
  'above the intermediate': { issuer: 'brought', victim: 'a', sent: (issuer, forged) => [issuer, forged] },
  'as the root': { issuer: 'a', victim: 'a', sent: (_issuer, forged) => [forged] }
}

/** Somebody with a good leaf who sends a forged hop with it; as a client and as a server. */
export interface Attacker {
  readonly row: string
  readonly leaf: Made
  /** Its CA, where that is no root. */
  readonly intermediate: Authority | undefined
  /** Certificates sent above the leaf. */
  readonly above: ReadonlyArray<{ readonly pem: string }>
  readonly presented: Presented
}

const makeLeaf = (issuer: Authority, role: 'client' | 'server', name: string): Made =>
  role === 'client' ? issueClient(issuer, name) : issueServer(issuer)

function asParty (row: string, leaf: Made, issuer: Authority, root: Authority, above: Attacker['above']): Attacker {
  return { row, leaf, intermediate: issuer === root ? undefined : issuer, above, presented: present(leaf, ...above) }
}

export function makeAttackers (realm: Realm, role: 'client' | 'server'): Attacker[] {
  const make = (position: string, forgery: string): Attacker => {
    const { issuer, victim, sent } = POSITIONS[position]!
    const { name, key, draft: { issuer: above } } = realm[victim]
    const usual = { subject: name, key, issuer: above, ca: true, keyId: keyIdOf(key) }
    const forged = certify({ ...usual, ...FORGERIES[forgery]!(realm[victim], realm) })
    const chain = [...sent(realm[issuer], forged), ...(forged.draft.issuer === realm.b.name ? [realm.b] : [])]
    const row = `${position}: ${forgery}`
    return asParty(row, makeLeaf(realm[issuer], role, row), realm[issuer], realm.a, chain)
  }
  return Object.keys(POSITIONS).flatMap((position) => Object.keys(FORGERIES).map((forgery) => make(position, forgery)))
}

/** Who sends what is right. */
export function makeHonest (realm: Realm, role: 'client' | 'server'): Attacker[] {
  const { a, listed, brought } = realm
  const make = (row: string, issuer: Authority, above: Authority[]): Attacker =>
    asParty(row, makeLeaf(issuer, role, row), issuer, a, above)
  return [
    make('honest, below the root', a, []),
    make('honest, below a listed CA', listed, []),
    make('honest, with its CA', brought, [brought])
  ]
}
