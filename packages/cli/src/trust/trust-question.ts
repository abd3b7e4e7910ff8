import { readElement, TAG } from '@peerkit/identity/der'
import { NameBounds } from '@peerkit/trust'
import type { Decision, Refused, TrustEvaluatorOptions } from '@peerkit/trust'
import { askAuthorities, askEach } from '../authorities/ask-authorities.ts'
import type { AskedAuthority, AskedChain, AuthorityAnswer } from '../authorities/ask-authorities.ts'
import { readAuthorityFiles, readCrls } from '../authorities/authority-files.ts'
import type { CrlPlace } from '../authorities/authority-files.ts'
import { readAuthorities, vouchesFor } from '../authorities/read-authorities.ts'
import type { NamedAuthority, Side } from '../authorities/read-authorities.ts'
import { dateOf, textOf, textsOf, UsageError } from '../command.ts'
import type { Values } from '../command.ts'
import { readCertificateFile } from '../files/certificate-file.ts'

export type Purpose = 'client' | 'server' | 'any'

/** What each purpose means. */
export const PURPOSES: Readonly<Record<Purpose, {
  readonly purpose: NonNullable<TrustEvaluatorOptions['purpose']>
  readonly side: Side
  /** Who is refused or accepted, for the output. */
  readonly audience: string
}>> = {
  client: { purpose: 'clientAuth', side: 'clients', audience: 'as a client' },
  server: { purpose: 'serverAuth', side: 'servers', audience: 'as a server' },
  any: { purpose: 'any', side: 'both', audience: 'for any purpose' }
}
/** The options that `--authorities` replaces. */
const REPLACED = ['ca', 'intermediates', 'crl']

/** The question about a chain, from the options of a command. */
export interface TrustQuestion {
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly trusted: Trusted
  readonly purpose: Purpose
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The trusted authorities. */
export interface Trusted {
  /** The file of `--authorities`. Undefined: the only authority is that of `--ca`. */
  readonly file: string | undefined
  /** All authorities, including those for another purpose. */
  readonly authorities: readonly NamedAuthority[]
}

export interface TrustAnswer {
  readonly decision: Decision
  /** The authority that accepts the chain. */
  readonly authority: NamedAuthority | undefined
  /** For a refused chain: the answer of each authority of `--authorities`. */
  readonly each: readonly AuthorityAnswer[]
  /** CRLs that are ignored, because they are not from a CA of their authority. */
  readonly leftOut: readonly string[]
}

/** @throws UsageError */
export async function readTrustQuestion (values: Values): Promise<TrustQuestion> {
  const purpose = readPurpose(values)
  const at = dateOf(values, 'at')?.getTime() ?? Date.now()
  const file = checkTrusted(values)
  const chain = await readChain(textOf(values, 'chain') ?? '')
  return { chain, purpose, at, trusted: file === undefined ? await readCas(values) : await readTrusted(file, purpose) }
}

/** @throws UsageError */
export function readPurpose (values: Values): Purpose {
  const purpose = textOf(values, 'purpose') ?? 'client'
  if (Object.hasOwn(PURPOSES, purpose)) return purpose as Purpose
  throw new UsageError(`--purpose is ${JSON.stringify(purpose)}; expected client, server or any`)
}

/** The file of `--authorities`, which replaces `--ca`. */
function checkTrusted (values: Values): string | undefined {
  const file = textOf(values, 'authorities')
  const other = REPLACED.find((name) => values[name] !== undefined)
  if (file === undefined) {
    if (values['ca'] !== undefined) return undefined
    throw new UsageError('--ca is missing; peerkit trust check requires it, or --authorities')
  }
  if (other === undefined) return file
  throw new UsageError(`found --${other} with --authorities; expected "${other}" in an authority`)
}

/** @throws UsageError */
export async function readTrusted (file: string, purpose: Purpose): Promise<Trusted> {
  const authorities = await readAuthorities(file)
  const { side } = PURPOSES[purpose]
  if (authorities.some((authority) => vouchesFor(authority, side))) return { file, authorities }
  const other = purpose === 'client' ? 'servers' : 'clients'
  const expected = `one for ${side}, or another --purpose`
  throw new UsageError(`--authorities ${file}: found only authorities for ${other}; expected ${expected}`)
}

/** The one authority of `--ca`. */
async function readCas (values: Values): Promise<Trusted> {
  const read = async (option: 'ca' | 'intermediates'): Promise<NamedAuthority['ca']> =>
    await readAuthorityFiles(textsOf(values, option), { where: `--${option} `, option, roots: '--ca' })
  const authority: NamedAuthority = {
    name: 'default',
    use: 'both',
    names: 'any',
    bounds: new NameBounds('any', 'names'),
    revocation: 'hard',
    partial: false,
    spiffeOnly: false,
    algorithms: undefined,
    serverAuthOnlyUntil: undefined,
    tolerate: [],
    ca: await read('ca'),
    known: await read('intermediates'),
    crlPaths: textsOf(values, 'crl')
  }
  return { file: undefined, authorities: [authority] }
}

async function readChain (path: string): Promise<readonly Uint8Array[]> {
  const where = `--chain ${path}`
  const expected = 'a PEM or DER file with a certificate, followed by its intermediates'
  const certificates = await readCertificateFile(path, '--chain ', expected)
  for (const [index, der] of certificates.entries()) {
    if (isWhole(der)) continue
    const found = `damaged or truncated DER in certificate ${index + 1} of ${certificates.length}`
    throw new UsageError(`${where}: found ${found}; expected complete certificates`)
  }
  return certificates
}

/** Whether the bytes are exactly one DER SEQUENCE. `@peerkit/trust` checks the content. */
function isWhole (der: Uint8Array): boolean {
  try {
    const { tag, end } = readElement(der, 0)
    return tag === TAG.sequence && end === der.length
  } catch {
    return false
  }
}

/** Verifies the chain with `@peerkit/trust`. @throws UsageError for a wrong CRL */
export async function askTrust (
  { chain, trusted: { file, authorities }, purpose, at }: TrustQuestion
): Promise<TrustAnswer> {
  const question: AskedChain = { chain, at, ...PURPOSES[purpose] }
  const asked: AskedAuthority[] = []
  try {
    for (const authority of authorities) {
      asked.push({ authority, checker: await readCrls(authority, () => at, placeOf(authority, file)) })
    }
    const decision = await askAuthorities(asked, question)
    const leftOut = asked.flatMap(listLeftOut)
    if (decision.accepted) {
      return { decision, authority: authorities.find(({ name }) => name === decision.authority), each: [], leftOut }
    }
    const each = file === undefined ? [] : await askEach(asked, question)
    return { decision: describeOtherSide(decision, each), authority: undefined, each, leftOut }
  } finally {
    for (const { checker } of asked) await checker?.close()
  }
}

/** A chain that leads to no authority that is asked, and to one that is for the other side alone. */
function describeOtherSide (refused: Refused, each: readonly AuthorityAnswer[]): Refused {
  const other = each.find(({ leadsHere }) => leadsHere)?.authority
  if (other === undefined || refused.detail.step !== 'unknown_ca') return refused
  const message = `the chain leads to the authority "${other.name}", which is for ${other.use} alone (option for)`
  return { ...refused, detail: { ...refused.detail, step: 'other_side', message } }
}

function listLeftOut ({ authority: { name }, checker }: AskedAuthority): readonly string[] {
  return (checker?.foreign ?? []).map((issuer) => `the CRL of ${String(issuer)}, which is not a CA of ${name}`)
}

function placeOf ({ name }: NamedAuthority, file: string | undefined): CrlPlace {
  if (file === undefined) {
    return { where: '--crl ', cas: '--ca or --intermediates', known: '--intermediates', leavesOut: false }
  }
  return {
    where: `--authorities ${file}, ${name}.crl `,
    cas: `ca, intermediates or crlIssuers of ${name}`,
    known: 'intermediates',
    leavesOut: true
  }
}
