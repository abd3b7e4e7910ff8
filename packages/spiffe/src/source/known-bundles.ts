import crypto from 'node:crypto'
import { Slices } from '@peerkit/credentials/internal'
import type { SvidResponse } from '../workload-api/messages.ts'
import { readBundle } from './read-update.ts'
import type { TrustDomainBundle } from './read-update.ts'
import { readTrustDomain } from './trust-domain.ts'

interface Known { readonly digest: string, readonly read: () => TrustDomainBundle }

/**
 * The bundles of the last response. An agent sends all of them with each new X.509-SVID, and most are those that it
 * sent before: they are not read again.
 */
export class KnownBundles {
  #known: ReadonlyMap<string, Known> = new Map()

  /** Reads the federated bundles that are new, with little time in one turn of the event loop. Forgets all others. */
  async prepare ({ federatedBundles }: SvidResponse): Promise<void> {
    const slices = new Slices()
    const known = new Map<string, Known>()
    for (const [id, octets] of federatedBundles) {
      const trustDomain = nameOf(id)
      if (trustDomain === undefined) continue
      known.set(trustDomain, this.#find(octets, trustDomain) ?? read(octets, trustDomain))
      await slices.pause()
    }
    this.#known = known
  }

  /** As {@link readBundle}. @throws SpiffeInvalidError */
  read (octets: Uint8Array, trustDomain: string): TrustDomainBundle {
    return (this.#find(octets, trustDomain) ?? read(octets, trustDomain)).read()
  }

  #find (octets: Uint8Array, trustDomain: string): Known | undefined {
    const known = this.#known.get(trustDomain)
    return known?.digest === digestOf(octets) ? known : undefined
  }
}

/** What fails fails again in the same way, so that is remembered too. */
function read (octets: Uint8Array, trustDomain: string): Known {
  const digest = digestOf(octets)
  try {
    const bundle = readBundle(octets, trustDomain)
    return { digest, read: () => bundle }
  } catch (error) {
    return { digest, read () { throw error } }
  }
}

function digestOf (octets: Uint8Array): string { return crypto.hash('sha256', octets, 'base64') }

/** A wrong name is refused with the response. */
function nameOf (id: string): string | undefined {
  try {
    return readTrustDomain(id, 'the key of a federated bundle')
  } catch {
    return undefined
  }
}
