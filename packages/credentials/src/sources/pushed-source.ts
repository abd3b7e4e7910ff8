import { nameKey, rdnKeys } from '@peerkit/identity'
import { readCrlHeader } from '@peerkit/revocation/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import { causeOf, CredentialsClosedError } from '../errors.ts'
import type { CheckedMaterial, CheckedTrust } from '../material/check-material.ts'
import { OPTION_ORIGINS, crlsOf, digestInSlices, listOf } from '../material/material.ts'
import type { AuthorityMaterial, CheckOptions, CredentialMaterial, Origins, Pem } from '../material/material.ts'
import { identitiesOf, readCertificates } from '../material/parsed-certificate.ts'
import { checkPart, partsOf } from '../material/part.ts'
import type { Part } from '../material/part.ts'
import type { CredentialSnapshot, TrustSnapshot } from './credential-snapshot.ts'
import { CREDENTIALS, TRUST } from './frozen-snapshot.ts'
import type { SourceKind } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'
import type { SourceStatus } from './source-status.ts'

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

/** Options of {@link startPushedCredentials} and {@link startPushedTrust}. */
export interface PushedOptions extends CheckOptions {
  /** Where the material comes from, for errors: `the X.509-SVID`. */
  readonly origin: string
  /** Called when the source is closed. */
  readonly onClose: () => void | Promise<void>
  readonly status: () => SourceStatus
}

/** What passed the checks. */
interface Loaded<Checked extends CheckedTrust> {
  readonly checked: Checked
  readonly checkers: Checkers
  readonly refusals: ReadonlyMap<string, Error>
  readonly warnings: readonly string[]
}

/** Credentials that are replaced by what is pushed. */
export type PushedCredentials = PushedSource<CredentialSnapshot, CheckedMaterial>
/** A trust that is replaced by what is pushed. */
export type PushedTrust = PushedSource<TrustSnapshot, CheckedTrust>

/**
 * Makes credentials of material that somebody else pushes.
 *
 * @throws CredentialsRefusedError, CredentialsOptionError if the first material fails a check
 */
export async function startPushedCredentials (
  first: PushedMaterial, options: PushedOptions
): Promise<PushedCredentials> {
  return new PushedSource(CREDENTIALS, first, await load(CREDENTIALS, first, options, undefined), options)
}

/**
 * Makes a trust of authorities that somebody else pushes, without a certificate and key.
 *
 * @throws CredentialsRefusedError, CredentialsOptionError if the first material fails a check
 */
export async function startPushedTrust (first: PushedMaterial, options: PushedOptions): Promise<PushedTrust> {
  return new PushedSource(TRUST, first, await load(TRUST, first, options, undefined), options)
}

/** A source whose material is replaced by what is pushed. */
export class PushedSource<Snapshot extends TrustSnapshot, Checked extends CheckedTrust>
  extends LiveSource<Snapshot, Checked> {
  readonly #kind: SourceKind<Snapshot, Checked>
  readonly #options: PushedOptions
  #given: PushedMaterial
  /** The cause of the last refusal of each part. */
  readonly #causes = new Map<string | undefined, string>()
  #warned: readonly string[] = []
  /** Each is checked against what is in use, so they come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor (
    kind: SourceKind<Snapshot, Checked>, given: PushedMaterial, loaded: Loaded<Checked>, options: PushedOptions
  ) {
    const { clock = SYSTEM_CLOCK } = options
    super(kind, loaded.checked, loaded.checkers, clock)
    this.#kind = kind
    this.#options = options
    this.#given = given
    this.#tell(loaded, given)
  }

  /**
   * Uses new material. If it is refused, what is in use stays in use, and subscribers are told once for each cause.
   *
   * @returns the snapshot in use
   * @throws CredentialsRefusedError, CredentialsOptionError if it is refused; CredentialsClosedError after `close()`
   */
  async push (given: PushedMaterial): Promise<Snapshot> {
    const turn = this.#turn.then(async () => await this.#use(given))
    this.#turn = turn.catch(() => {})
    return await turn
  }

  /**
   * Tells subscribers that nothing new can be had, once for each cause. Material that is pushed ends that state.
   *
   * @param cause what is the same in two errors of one cause. Default: code, reason and message, without times and
   *   fingerprints
   */
  fail (error: Error, cause: string = lastingCause(error)): void { this.#refuseOnce(undefined, error, cause) }

  /** How new material is got. */
  status (): SourceStatus { return this.#options.status() }

  protected override recheck (): void { this.push(this.#given).catch(() => {}) }

  protected override async stop (): Promise<void> {
    await this.#options.onClose()
    await this.#turn
  }

  async #use (given: PushedMaterial): Promise<Snapshot> {
    if (this.closed) throw new CredentialsClosedError('new credentials arrived after close()')
    try {
      const loaded = await load(this.#kind, given, this.#options, this)
      const snapshot = this.take(loaded.checked, loaded.checkers)
      this.#given = given
      this.#tell(loaded, given)
      return snapshot
    } catch (error) {
      this.fail(error as Error)
      throw error
    }
  }

  #tell ({ refusals, warnings }: Loaded<Checked>, { cert }: PushedMaterial): void {
    // New authorities alone say nothing about our certificate and key.
    const keepsOwn = cert === undefined && this.#kind as unknown === CREDENTIALS
    for (const part of this.#causes.keys()) {
      if (part === undefined ? !keepsOwn : !refusals.has(part)) this.#causes.delete(part)
    }
    for (const [part, error] of refusals) this.#refuseOnce(part, error)
    this.recover(keepsOwn ? new Map([...refusals, [undefined, undefined as unknown as Error]]) : refusals)
    for (const warning of warnings) if (!this.#warned.includes(warning)) this.warn(warning)
    this.#warned = warnings
  }

  #refuseOnce (part: string | undefined, error: Error, cause: string = lastingCause(error)): void {
    if (this.#causes.get(part) === cause) return
    this.#causes.set(part, cause)
    this.refuse(error, part)
  }
}

/** Each push has new certificates, so their fingerprints make no other cause. */
function lastingCause (error: Error): string { return causeOf(error).replace(/sha256:[0-9a-f]+/g, '') }

/** What a load needs to know about the source that uses its result. */
type InForce<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> =
  Pick<LiveSource<Snapshot, Checked>, 'current' | 'readChecked' | 'changedAuthorities'>

/**
 * Checks material.
 *
 * @param inForce the source that uses it; undefined at the start
 * @throws CredentialsRefusedError, CredentialsOptionError
 */
async function load<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> (
  kind: SourceKind<Snapshot, Checked>, given: PushedMaterial,
  { origin, onClose: _, status: __, ...options }: PushedOptions, inForce: InForce<Snapshot, Checked> | undefined
): Promise<Loaded<Checked>> {
  const isError = ([, authority]: [string, AuthorityMaterial | Error]): boolean => authority instanceof Error
  const refusals = new Map([...given.authorities].filter(isError) as Array<[string, Error]>)
  const warnings = new Set<string>()
  const origins = { ...OPTION_ORIGINS, cert: origin, key: `the key of ${origin}` }
  for (;;) {
    try {
      const material = placeCrls(given, refusals, inForce?.current, warnings)
      const { checked, checkers } = await check(kind, material, origins, options, inForce, refusals)
      const all = { ...checked, warnings: [...checked.warnings, ...given.warnings ?? []] }
      return { checked: all, checkers, refusals, warnings: [...warnings] }
    } catch (error) {
      const own = given.cert === undefined ? undefined : given.own
      const blamed = partsOf(error as Error).filter((part) => {
        return part !== undefined && part !== own && !refusals.has(part)
      }) as string[]
      if (blamed.length === 0) throw error
      for (const part of blamed) refusals.set(part, error as Error)
    }
  }
}

async function check<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> (
  kind: SourceKind<Snapshot, Checked>, material: CredentialMaterial, origins: Origins, options: CheckOptions,
  inForce: InForce<Snapshot, Checked> | undefined, refusals: ReadonlyMap<string, Error>
): Promise<Pick<Loaded<Checked>, 'checked' | 'checkers'>> {
  const names = Object.keys(material.authorities as object)
  const crlDigests = new Map(await Promise.all(names.map(async (name) => {
    return [name, await Promise.all(crlsOf(material, name).map(digestInSlices))] as const
  })))
  const previous = inForce?.current
  const parts: Set<Part> = new Set(refusals.keys())
  if (material.cert === undefined) parts.add(undefined)
  const kept = inForce && { parts, inForce: inForce.readChecked() }
  const checked = kind.check(material, { origins, options, previous, kept, crlDigests, mayBeEmpty: true })
  const changed: readonly CheckedAuthority[] = inForce?.changedAuthorities(checked) ?? checked.authorities
  const { clock = SYSTEM_CLOCK } = options
  const checkers = await loadCheckers(changed, (name) => crlsOf(material, name), clock, checked, previous)
  return { checked, checkers }
}

/** Material that the checks know: each CRL is with the authorities of its issuer. */
function placeCrls (
  { cert, key, own, authorities, crls }: PushedMaterial, refusals: ReadonlyMap<string, Error>,
  current: TrustSnapshot | undefined, warnings: Set<string>
): CredentialMaterial {
  const lists = readIssuers(crls, warnings)
  const placed = new Set<Uint8Array>()
  const used = new Map<string, AuthorityMaterial>()
  const ownChain = cert ?? (current as CredentialSnapshot | undefined)?.cert
  // The order is part of the trust, and that of a push means nothing.
  const others = [...authorities.keys()].filter((name) => name !== own).sort()
  for (const name of own === undefined ? others : [own, ...others]) {
    const given = authorities.get(name) as AuthorityMaterial | Error
    const isRefused = refusals.has(name)
    // One that is kept is not read.
    if (isRefused && current?.authorities.some((authority) => authority.name === name) !== true) continue
    if (isRefused || given instanceof Error) {
      used.set(name, { ca: '', names: 'any' })
      continue
    }
    const cas = name === own && ownChain !== undefined ? [...listOf(given.ca), ownChain] : listOf(given.ca)
    const issuers = lists.length === 0 ? [] : checkPart(name, () => namesOf(cas, name))
    const crl = lists.filter(({ issuer }) => issuers.includes(issuer)).map(({ der }) => der)
    for (const der of crl) placed.add(der)
    used.set(name, crl.length === 0 ? given : { ...given, crl })
  }
  for (const { der, shown } of lists) {
    if (!placed.has(der)) warnings.add(`ignored the CRL of ${shown}, which is not a CA of any authority`)
  }
  return { cert, key, authorities: Object.fromEntries(used) }
}

interface IssuedList { readonly der: Uint8Array, readonly issuer: string, readonly shown: string }

function readIssuers (crls: readonly Uint8Array[], warnings: Set<string>): IssuedList[] {
  return crls.flatMap((der) => {
    try {
      const { issuerName } = readCrlHeader(der)
      return [{ der, issuer: nameKey(rdnKeys(issuerName)), shown: String(issuerName) }]
    } catch (error) {
      // If it replaces one that is in use, the authority that loses it is refused.
      warnings.add(`ignored a CRL that cannot be read: ${(error as Error).message}`)
      return []
    }
  })
}

/** The names of the CAs of an authority, in a form that can be compared. @throws CredentialsRefusedError */
function namesOf (cas: readonly Pem[], name: string): readonly string[] {
  const where = `authorities.${name}.ca`
  return identitiesOf(cas.flatMap((pem) => readCertificates(pem, where)))
    .flatMap(({ subject }) => subject === undefined ? [] : [nameKey(rdnKeys(subject))])
}
