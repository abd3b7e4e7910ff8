import { createDevCa, type CaOptions, type DevCa, type IssueOptions } from '@peerkit/dev-ca'
import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'

export interface TestCa {
  readonly ca: DevCa
  readonly identity: PeerIdentity
  /** A leaf with its chain; `name` becomes its common name. */
  leaf (name: string, options?: IssueOptions): Promise<TestLeaf>
}

export interface TestLeaf {
  readonly identity: PeerIdentity
  readonly serialNumber: string
  readonly key: string
  readonly cert: string
  readonly der: Uint8Array
}

export async function makeCa (options: CaOptions = {}): Promise<TestCa> {
  return wrapCa(await createDevCa(options))
}

export function wrapCa (ca: DevCa): TestCa {
  const identity = parsePeerIdentity(ca.der)
  return {
    ca,
    identity,
    leaf: async (cn, options = {}) => {
      const { der, serialNumber, key, cert } = await ca.issue({ cn, ...options })
      return { identity: parsePeerIdentity(der, { chain: [identity] }), serialNumber, key, cert, der }
    }
  }
}
