import type { PeerIdentity } from '@peerkit/identity'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import type { PushedAuthorities } from '../authority/pushed-authorities.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { CheckedMaterial, CheckedTrust } from '../material/check-material.ts'
import { OPTION_ORIGINS } from '../material/material.ts'
import type { AuthorityMaterial, CheckOptions } from '../material/material.ts'
import { identitiesOf } from '../material/parsed-certificate.ts'
import { partsOf } from '../material/part.ts'
import type { Part } from '../material/part.ts'
import { readOwn } from '../material/read-own.ts'
import { Slices } from '../slices.ts'
import type { TrustSnapshot } from './credential-snapshot.ts'
import type { SourceKind } from './frozen-snapshot.ts'
import type { LiveSource } from './live-source.ts'
import type { BundleStatus, SourceStatus } from './source-status.ts'

/** What is pushed: everything that is to be in use from now on. */
export interface PushedMaterial {
  /** Our leaf certificate, then its intermediates, PEM. Undefined: certificate and key stay as they are in use. */
  readonly cert?: string | undefined
  /** Set if `cert` is. */
  readonly key?: string | undefined
  /** Our own authority, which comes first. If it fails a check together with a new `cert`, everything is refused. */
  readonly own?: string | undefined
  /**
   * The authorities by name, without CRLs. If one of the others fails a check, or is an error, it alone is refused: it
   * stays as it is in use, or is left out if it is new. One that is missing is removed. If none is left, every peer is
   * refused.
   */
  readonly authorities: ReadonlyMap<string, AuthorityMaterial | Error>
  /** CRLs in DER, of any of the authorities. Each goes to those that have a CA of the name of its issuer. */
  readonly crls: readonly Uint8Array[]
  /** Further warnings of the snapshot. Default: none. */
  readonly warnings?: readonly string[] | undefined
}

/** Options of a source of what is pushed. */
export interface PushedOptions extends CheckOptions {
  /** Where the material comes from, for errors: `the X.509-SVID`. */
  readonly origin: string
  /** Who pushes it, for the status. Default: the kind `workload api`, with `origin`. */
  readonly from?: Pick<SourceStatus, 'kind' | 'origin'> | undefined
  /** Whether an authority of this name may be pushed; see `TrustSource`. */
  readonly mayAdd?: ((authority: string) => boolean) | undefined
  /** The state of the bundles that are fetched, for the status. All others are pushed. Default: none is fetched. */
  readonly listFetched?: (() => readonly BundleStatus[]) | undefined
  /** Called when the source is closed. */
  readonly onClose: () => void | Promise<void>
}

/** What passed the checks. */
export interface Loaded<Checked extends CheckedTrust> {
  readonly checked: Checked
  readonly checkers: Checkers
  readonly refusals: ReadonlyMap<string, Error>
  readonly warnings: readonly string[]
}

/** What is needed to check material. */
export interface Loader<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> {
  readonly kind: SourceKind<Snapshot, Checked>
  readonly options: PushedOptions
  /** What is known of the authorities that were pushed before. */
  readonly authorities: PushedAuthorities
}

/** The source that uses the material. */
type InForce<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> =
  Pick<LiveSource<Snapshot, Checked>, 'current' | 'readChecked' | 'changedAuthorities'>

/**
 * Checks material.
 *
 * @param inForce the source that uses it; undefined at the start
 * @throws CredentialsRefusedError, CredentialsOptionError
 */
export async function loadPushed<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> (
  { kind, options: given, authorities }: Loader<Snapshot, Checked>, pushed: PushedMaterial,
  inForce: InForce<Snapshot, Checked> | undefined
): Promise<Loaded<Checked>> {
  const { origin, onClose: _, from: _from, mayAdd: _mayAdd, listFetched: _list, ...others } = given
  const isError = ([, authority]: [string, AuthorityMaterial | Error]): boolean => authority instanceof Error
  const refusals = new Map([...pushed.authorities].filter(isError) as Array<[string, Error]>)
  const warnings = new Set<string>()
  const origins = { ...OPTION_ORIGINS, cert: origin, key: `the key of ${origin}` }
  const material = { cert: pushed.cert, key: pushed.key }
  const own = pushed.cert === undefined ? undefined : readOwn(material, origins)
  // A CA that is taken away is not trusted any more, also if our certificate in use is below it.
  const options: CheckOptions = own === undefined ? { ...others, chain: 'reported' } : others
  const former = inForce?.readChecked()
  const previous = inForce?.current
  const ownChain = own === undefined ? certificatesOf(former) : identitiesOf(own.certificates)
  // Without a new certificate, our own authority is one like the others.
  const mustPass = own === undefined ? undefined : pushed.own
  const { clock = SYSTEM_CLOCK } = options
  const slices = new Slices()
  for (;;) {
    const passed = await authorities.check(pushed, ownChain, mustPass, refusals, former?.authorities ?? [], warnings)
    // OpenSSL reads all CAs at once: here, and when the servers use the snapshot.
    await slices.turn()
    try {
      const parts = new Set<Part>([...refusals.keys(), ...(own === undefined ? [undefined] : [])])
      const kept = former && { parts, inForce: former }
      const ready = { own, authorities: passed.authorities }
      const found = kind.check(material, { origins, options, previous, kept, ready, mayLeaveOutNames: true })
      const checked = { ...found, warnings: [...found.warnings, ...pushed.warnings ?? []] }
      await slices.turn()
      const changed = inForce?.changedAuthorities(checked) ?? checked.authorities
      const crlsOf = (name: string): readonly Uint8Array[] => passed.crls.get(name) ?? []
      const checkers = await loadCheckers(changed, crlsOf, clock, checked, previous, { mayBeForeign: true })
      await slices.turn()
      return { checked, checkers, refusals, warnings: [...warnings] }
    } catch (error) {
      const blamed = partsOf(error as Error).filter((part) => {
        return part !== undefined && part !== mustPass && !refusals.has(part)
      }) as string[]
      if (blamed.length === 0) throw error
      for (const part of blamed) refusals.set(part, error as Error)
    }
  }
}

/** Our certificate in use, with its intermediates. A trust has none. */
function certificatesOf (checked: CheckedTrust | undefined): readonly PeerIdentity[] {
  return (checked as Partial<CheckedMaterial> | undefined)?.certificates ?? []
}
