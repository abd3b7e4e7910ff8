import { createHash } from 'node:crypto'
import { certify, DAY, keyIdOf, makeCrl, makeKey, publicKeyOf, CLIENT_AUTH } from '../../attacks/support/forger.ts'
import type { AuthorityMaterial } from '@peerkit/credentials'
import type { Made } from '../../attacks/support/forger.ts'
import { AUTHORITIES, CAS, FACTS, LEAVES } from './facts.ts'
import type { Trust } from './model.ts'
import { HOUR } from './own.ts'
import { OwnPki } from './own-pki.ts'

/** What a server is told of the CAs, as `memoryCredentials` takes it. */
export interface AuthorityMaterials { readonly authorities: Readonly<Record<string, AuthorityMaterial>> }

/** The real certificates of one run. Nothing that a server remembers of an earlier run fits them. */
export class Pki {
  /** When the run began, by the clock of the servers. */
  readonly start = Date.now()
  readonly #made = new Map<string, Made>()
  readonly #names = new Map<string, string>()
  /** The certificates of the servers. */
  readonly own = new OwnPki(this.start)

  constructor () {
    const keys = new Map<string, ReturnType<typeof makeKey>>()
    const keyOf = (name: string): ReturnType<typeof makeKey> => {
      const key = keys.get(name) ?? makeKey()
      keys.set(name, key)
      return key
    }
    for (const [name, fact] of Object.entries(FACTS)) {
      const { subject, issuer, key, signer, claims = key, claimsIssuer = signer, ca, dns, ends, expired } = fact
      const made = certify({
        subject,
        issuer,
        key: keyOf(key),
        signer: signer === 'garbage' ? signer : keyOf(signer),
        keyId: keyIdOf(keyOf(claims)),
        issuerKeyId: keyIdOf(keyOf(claimsIssuer)),
        ...(ca === true ? { ca } : { purposes: [CLIENT_AUTH] }),
        ...(dns !== undefined && { dns }),
        ...(expired === true && { notBefore: this.start - 9 * DAY, notAfter: this.start - DAY }),
        // A certificate counts until its last second is over (RFC 5280 section 4.1.2.5).
        ...(ends !== undefined && { notAfter: this.start + ends * HOUR - 2_000 })
      })
      this.#made.set(name, made)
      this.#names.set(made.der.toString('base64'), name)
    }
  }

  make (name: string): Made { return this.#made.get(name)! }

  /** The name of a certificate by its DER, in base64. */
  nameOf (der: string): string { return this.#names.get(der) ?? 'a certificate that nobody made' }

  /** The CAs and lists of a server whose clock stands at a time. */
  materialOf ({ roots, revoked, crossSigned, time }: Trust): AuthorityMaterials {
    const pems = (names: readonly string[]): string[] => names.map((name) => this.make(name).pem)
    const lists = new Map<string, string>()
    const listOf = (name: string): string => {
      const ca = Object.assign({}, this.make(name), { name: FACTS[name]!.subject })
      const list = lists.get(name) ?? makeCrl(ca, [...revoked].filter((other) => FACTS[other]!.signer === FACTS[name]!.key)
        .map((other) => this.make(other)), this.start + time * HOUR)
      lists.set(name, list)
      return list
    }
    const authorities = Object.entries(AUTHORITIES).filter(([, { root }]) => roots.has(root)).map(([name, fact]) => {
      const intermediates = [...fact.intermediates, ...(crossSigned ? fact.crossSigns : [])]
      return [name, {
        ca: this.make(fact.root).pem,
        for: 'clients',
        names: { subject: 'any', ...(fact.dns !== undefined && { dns: fact.dns }) },
        ...(intermediates.length > 0 && { intermediates: pems(intermediates) }),
        ...(fact.lists !== undefined && { crl: fact.lists.map(listOf), crlIssuers: pems(fact.listSigners) })
      }]
    })
    // Its own CA is always there, so that a server may trust no client at all.
    const own = { ca: this.own.known, for: 'servers', names: 'any' }
    return { authorities: { ...Object.fromEntries(authorities), own } }
  }

  /** An entry of a block list: `serial NAME` or `key NAME`. */
  blockOf (entry: string): object {
    const [kind, name = ''] = entry.split(' ')
    const { key, serial } = this.make(name)
    if (kind === 'key') return { publicKey: createHash('sha256').update(publicKeyOf(key)).digest('hex') }
    return { issuer: `CN=${FACTS[name]!.issuer}`, serialNumber: serial.toString('hex') }
  }
}

export const CA_NAMES: readonly string[] = Object.keys(CAS)
export const LEAF_NAMES: readonly string[] = Object.keys(LEAVES)
