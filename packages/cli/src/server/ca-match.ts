import { matchDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { isIssuedBy, readPresented } from '../inspect/certificate.ts'

/** How the CA of a server relates to the CAs of `--ca`. */
export interface CaMatch {
  /** The name of the CA that issued the server's certificate, or its chain. */
  readonly name: string
  /**
   * - `same_key`: a CA of `--ca` has its key, so it has signed the chain or is part of it.
   * - `other_key`: `--ca` has a CA of this name, with another key.
   * - `absent`: `--ca` has no CA of this name.
   */
  readonly result: 'same_key' | 'other_key' | 'absent'
  /** SHA-256 of the CA's public key, if the server sent the CA's certificate or `--ca` has it. */
  readonly publicKey256: string | undefined
  /** SHA-256 of the public keys of the CAs of this name in `--ca`. */
  readonly keysOfName: readonly string[]
  /** Whether `--ca` has CAs of this name with different keys. Without key identifiers OpenSSL takes the first. */
  readonly isAmbiguous: boolean
}

/**
 * Compares the CA of a server with those of `--ca` by key: by its signature on what the server sent, or by the public
 * key of the CA certificate that the server sent. Names alone prove nothing: anyone can make a CA of any name.
 *
 * @param certificates as sent, the leaf first, DER
 * @returns undefined without a readable certificate or without CAs
 */
export function matchCa (certificates: readonly Uint8Array[], anchors: readonly Uint8Array[]): CaMatch | undefined {
  const sent = certificates.map(readPresented).flatMap(({ peer }) => peer ?? [])
  const trusted = anchors.map(readPresented).flatMap(({ peer }) => peer ?? [])
  if (sent.length === 0 || trusted.length === 0) return undefined
  const chain = followChain(sent)
  const signed = chain.find((one) => trusted.some((ca) => hasSameKey(one, ca) || isIssuedBy(one, ca)))
  const last = signed ?? chain.at(-1)
  const name = last?.issuer
  if (name === undefined) return undefined
  const named = trusted.filter(({ subject }) => subject !== undefined && matchDistinguishedNames(subject, name))
  const own = signed === undefined
    ? sent.find((one) => isIssuedBy(last, one))
    : trusted.find((ca) => hasSameKey(signed, ca) || isIssuedBy(signed, ca))
  return {
    name: String(name),
    result: signed !== undefined ? 'same_key' : named.length > 0 ? 'other_key' : 'absent',
    publicKey256: own?.publicKey256,
    keysOfName: named.map(({ publicKey256 = '' }) => publicKey256),
    isAmbiguous: new Set(named.map(({ publicKey256 }) => publicKey256)).size > 1
  }
}

/** The certificates from the leaf up, as far as each has signed the one before. */
function followChain ([leaf, ...rest]: readonly PeerIdentity[]): readonly PeerIdentity[] {
  const chain = leaf === undefined ? [] : [leaf]
  for (let last = leaf; last !== undefined;) {
    const current: PeerIdentity = last
    last = rest.find((one) => !chain.includes(one) && isIssuedBy(current, one))
    if (last !== undefined) chain.push(last)
  }
  return chain
}

function hasSameKey (one: PeerIdentity, other: PeerIdentity): boolean {
  return one.publicKey256 !== undefined && one.publicKey256 === other.publicKey256
}

/** The match as one line. @param trust the name of `--ca` @param isTrusted whether the server is trusted */
export function describeMatch (
  match: CaMatch | undefined, trust: string, isTrusted: boolean | undefined
): string | undefined {
  if (match === undefined) return undefined
  const { name, result, publicKey256, keysOfName, isAmbiguous } = match
  if (result === 'absent') return `${name}: not in ${trust}`
  if (result === 'other_key') {
    const own = publicKey256 === undefined ? '' : `, and not ${shorten(publicKey256)}`
    return `${name}: ${trust} has a CA of this name, ` +
      `with another key (SHA-256 ${keysOfName.map(shorten).join(', ')}${own})`
  }
  if (isTrusted !== false || !isAmbiguous) return `${name}: in ${trust}, with the same key`
  return `${name}: in ${trust}, with the same key; but so is another CA of this name. ` +
    'Without key identifiers OpenSSL takes the first of them: keep one, or issue both with key identifiers'
}

function shorten (hash: string): string {
  return hash.slice(0, 16)
}
