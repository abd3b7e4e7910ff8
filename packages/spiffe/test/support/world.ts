import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import { derOf, svidOf } from './messages.ts'
import type { ResponseFields, SvidFields } from './messages.ts'

/** A trust domain with its CA. */
export class TrustDomain {
  readonly name: string
  readonly ca: DevCa

  constructor (name: string, ca: DevCa) {
    this.name = name
    this.ca = ca
  }

  static async make (name: string, options: object = {}): Promise<TrustDomain> {
    return new TrustDomain(name, await createDevCa({ name: `CA of ${name}`, ...options }))
  }

  get bundle (): Buffer { return derOf(this.ca.root) }

  async svid (path = '/ledger', { hint = '', ...options }: { hint?: string } & object = {}): Promise<SvidFields> {
    const spiffeId = `spiffe://${this.name}${path}`
    return svidOf(await this.ca.issue({ spiffe: spiffeId, ...options }), this.ca, spiffeId, hint)
  }

  /** A response with one new SVID. */
  async response (more: ResponseFields = {}): Promise<ResponseFields> {
    return { svids: [await this.svid()], ...more }
  }
}

/** The next change of a source, of one kind where that is given. */
export async function nextChange (source: CredentialSource, type?: CredentialChange['type']): Promise<CredentialChange> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (type !== undefined && change.type !== type) return
      end()
      resolve(change)
    })
  })
}

/** Keeps the process of a test alive: a source does not. */
export function stayAlive (t: { after (task: () => void): unknown }): void {
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
}
