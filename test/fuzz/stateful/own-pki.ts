import { issueServer, makeCrl, makeIntermediate, makeRoot } from '../../attacks/support/forger.ts'
import type { Authority, Made } from '../../attacks/support/forger.ts'
import type { AuthorityMaterial, BlockEntry } from '@peerkit/credentials'
import { HOUR, OWN_KINDS } from './own.ts'
import type { CallerTrust, Own, OwnFact, OwnKind, OwnRoot } from './own.ts'

/** A certificate of a server with its key, PEM. */
export interface IssuedOwn extends Own { readonly cert: string, readonly key: string }

/** The real certificates of servers in one run. */
export class OwnPki {
  readonly #roots: Readonly<Record<OwnRoot, Authority>> = { O: makeRoot('Own O'), P: makeRoot('Own P') }
  readonly #below = makeIntermediate(this.#roots.O, 'Own Issuing')
  /** Trusted always, and it issues nothing: a source needs a CA. */
  readonly #spare = makeRoot('Own Spare')
  readonly #issued = new Map<string, Made>()
  readonly #start: number

  /** @param start when the run began, by every clock */
  constructor (start: number) { this.#start = start }

  /** The CA that a server itself knows. */
  get known (): string { return this.#roots.O.pem }

  issue (kind: OwnKind): IssuedOwn {
    const { issuer, cn, dns, ends }: OwnFact = OWN_KINDS[kind]
    const above = issuer === 'below' ? this.#below : this.#roots[issuer]
    const made = issueServer(above, {
      subject: cn, dns, ...(ends !== undefined && { notAfter: this.#start + ends * HOUR - 2_000 })
    })
    const serial = made.serial.toString('hex')
    this.#issued.set(serial, made)
    return { kind, serial, cert: made.pem + (issuer === 'below' ? above.pem : ''), key: made.keyPem }
  }

  /** The certificate of a name that the model uses. */
  #find (name: string): Made { return name === 'below' ? this.#below : this.#issued.get(name)! }

  /** The CAs that a caller trusts. */
  materialOf ({ roots, revoked, time }: CallerTrust): { readonly authorities: Record<string, AuthorityMaterial> } {
    const listOf = (issuer: Authority): string => makeCrl(
      issuer,
      [...revoked].map((name) => this.#find(name)).filter(({ draft }) => draft.signer === issuer.key),
      this.#start + time * HOUR
    )
    const { O, P } = this.#roots
    const all: Record<OwnRoot, AuthorityMaterial> = {
      O: {
        ca: O.pem,
        for: 'servers',
        names: 'any',
        crl: [listOf(O), listOf(this.#below)],
        crlIssuers: [this.#below.pem]
      },
      P: { ca: P.pem, for: 'servers', names: 'any', crl: [listOf(P)] }
    }
    const spare: AuthorityMaterial = { ca: this.#spare.pem, for: 'servers', names: 'any' }
    return { authorities: { ...Object.fromEntries([...roots].map((name) => [name, all[name]])), spare } }
  }

  blocksOf ({ blocked }: CallerTrust): BlockEntry[] {
    return [...blocked].map((name): BlockEntry => {
      const { draft: { issuer }, serial } = this.#find(name)
      return { issuer: `CN=${String(issuer)}`, serialNumber: serial.toString('hex') }
    })
  }
}
