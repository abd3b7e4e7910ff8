import { dirname, resolve } from 'node:path'
import { createPartialIdentity, limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { KeyUsage, PeerIdentity } from '@peerkit/identity'
import { UsageError } from '../command.ts'
import type { RequestValues } from '../explain/request-values.ts'
import { parseYaml } from '../explain/rules-file.ts'
import { readCertificateFile } from '../files/certificate-file.ts'
import { readBytes } from '../files/read-bytes.ts'

/** What the rules say of a peer. `undecided`: it is denied because something is not known. */
export type Answer = 'allowed' | 'denied' | 'undecided'
const ANSWERS: readonly unknown[] = ['allowed', 'denied', 'undecided'] satisfies readonly Answer[]

/** One row of the table: a request, and what its peers expect. */
export interface RulesTest {
  /** Where it is in the file: `tests[0]`. */
  readonly path: string
  /** The route as in the rules file; undefined for a file without routes. */
  readonly route: string | undefined
  readonly request: RequestValues
  /** The time of the request, in milliseconds since the epoch; undefined for now. */
  readonly at: number | undefined
  /** By the name of the peer. */
  readonly expected: ReadonlyMap<string, Answer>
}

/** A client of a test: its identity; `none` without a certificate; `refused` if no authority accepts it. */
export type TestPeer = PeerIdentity | 'none' | 'refused'

/** Says which authority vouches for a certificate with its chain. */
export type IdentifyPeer = (chain: readonly Uint8Array[]) => Promise<PeerIdentity | 'refused'>

/** A file of tests. */
export interface RulesTestFile {
  readonly peers: ReadonlyMap<string, TestPeer>
  /** The groups that the app defines in code, with the names of the peers that are in them. */
  readonly codeGroups: ReadonlyMap<string, readonly string[]>
  readonly tests: readonly RulesTest[]
}

const EXPECTED = 'YAML or JSON: { peers, codeGroups?, tests }'
const PEER = 'a certificate file, { cert, authority? }, names such as { subject, dns }, or "none"'
const TEST_KEYS = ['route', 'params', 'query', 'headers', 'at', 'expect', 'others']
const NAME_KEYS = [
  'subject', 'issuer', 'dns', 'uri', 'email', 'ip', 'spiffe', 'upn', 'directoryName', 'registeredId', 'serialNumber',
  'fingerprint', 'publicKey', 'policy', 'extendedKeyUsage', 'keyUsage', 'authority'
]
const LIST_KEYS = [
  'dns', 'uri', 'email', 'ip', 'upn', 'directoryName', 'registeredId', 'policy', 'extendedKeyUsage', 'keyUsage'
]
/** The type of a user principal name among the otherNames. */
const UPN = '1.3.6.1.4.1.311.20.2.3'

/**
 * Reads a file of tests, and the certificates that it names, relative to it.
 *
 * @param identify undefined: the authority of a certificate is unknown unless the file names it
 * @throws UsageError
 */
export async function readRulesTests (path: string, identify: IdentifyPeer | undefined): Promise<RulesTestFile> {
  const where = `--tests ${path}`
  const value = parseYaml(await readBytes(path, '--tests ', EXPECTED), path, where, EXPECTED)
  const { peers, codeGroups, tests } = readObject(value, ['peers', 'codeGroups', 'tests'], where, EXPECTED)
  const entries = Object.entries(readObject(peers, undefined, `${where}: peers`, 'an object of peers by name'))
  const read = new Map<string, TestPeer>()
  for (const [name, peer] of entries) {
    read.set(name, await readPeer(peer, { folder: dirname(path), where: `${where}: peers.${name}`, identify }))
  }
  if (!Array.isArray(tests) || tests.length === 0) {
    throw new UsageError(`${where}: tests is not a list of tests; expected { route, expect }, …`)
  }
  return {
    peers: read,
    codeGroups: readCodeGroups(codeGroups, read, `${where}: codeGroups`),
    tests: tests.map((test, index) => readTest(test, `tests[${index}]`, read, where))
  }
}

function readCodeGroups (
  value: unknown, peers: ReadonlyMap<string, unknown>, where: string
): ReadonlyMap<string, readonly string[]> {
  const groups = Object.entries(readObject(value ?? {}, undefined, where, 'the peers of each group, by its name'))
  return new Map(groups.map(([name, members]) => {
    if (!Array.isArray(members)) {
      throw new UsageError(`${where}.${name}: found ${JSON.stringify(members)}; expected a list of peers`)
    }
    for (const member of members as readonly unknown[]) checkPeer(member, peers, `${where}.${name}`)
    return [name, members as readonly string[]]
  }))
}

function checkPeer (name: unknown, peers: ReadonlyMap<string, unknown>, where: string): void {
  if (typeof name === 'string' && peers.has(name)) return
  const known = [...peers.keys()].join(', ')
  throw new UsageError(`${where}: unknown peer ${JSON.stringify(name)}; expected one of ${known}`)
}

/** What the file does not tell of a peer, its certificate does not have. */
async function readPeer (value: unknown, context: PeerContext): Promise<TestPeer> {
  const { folder, where } = context
  if (value === 'none') return 'none'
  if (typeof value === 'string') return await readCertificate(resolve(folder, value), context)
  const fields = readObject(value, undefined, where, PEER)
  const authority = fields['authority'] as string | undefined
  if (Object.hasOwn(fields, 'cert')) {
    readObject(fields, ['cert', 'authority'], where, PEER)
    const peer = await readCertificate(resolve(folder, String(fields['cert'])), context)
    if (authority === undefined || peer === 'refused') return peer
    if (peer.authority !== undefined && peer.authority !== authority) {
      const [told, known] = [JSON.stringify(authority), JSON.stringify(peer.authority)]
      throw new UsageError(`${where}.authority is ${told}, but ${known} vouches for the certificate; expected ${known}`)
    }
    return peer.authority === undefined ? limitPeerIdentity(peer, String(authority), []) : peer
  }
  return readNames(readObject(fields, NAME_KEYS, where, PEER), where)
}

/** How a peer is read. */
interface PeerContext {
  readonly folder: string
  readonly where: string
  readonly identify: IdentifyPeer | undefined
}

async function readCertificate (file: string, { where, identify }: PeerContext): Promise<PeerIdentity | 'refused'> {
  const chain = await readCertificateFile(file, `${where}: `, 'a certificate, PEM or DER')
  const [leaf = new Uint8Array()] = chain
  const peer = attempt(where, () => parsePeerIdentity(leaf))
  return identify === undefined ? peer : await identify(chain)
}

function readNames (fields: Readonly<Record<string, unknown>>, where: string): PeerIdentity {
  const list = (key: string): readonly string[] => {
    const values = [fields[key] ?? []].flat() as unknown[]
    const wrong = values.find((one) => typeof one !== 'string')
    if (wrong === undefined) return values as readonly string[]
    throw new UsageError(`${where}.${key}: found ${JSON.stringify(wrong)}; expected text, or a list of it`)
  }
  const text = (key: string): string | undefined => {
    const value = fields[key]
    if (value === undefined || typeof value === 'string') return value
    throw new UsageError(`${where}.${key}: found ${JSON.stringify(value)}; expected text`)
  }
  for (const key of LIST_KEYS) list(key)
  const spiffe = text('spiffe')
  const authority = text('authority')
  return attempt(where, () => {
    const uri = [...list('uri'), ...spiffe === undefined ? [] : [spiffe]]
    const peer = createPartialIdentity({
      subject: text('subject') ?? '',
      issuer: text('issuer'),
      serialNumber: text('serialNumber'),
      fingerprint256: text('fingerprint'),
      publicKey256: text('publicKey'),
      subjectAltNames: {
        dns: list('dns'),
        uri,
        email: list('email'),
        ip: list('ip'),
        directoryName: list('directoryName'),
        otherName: list('upn').map((value) => ({ type: UPN, value })),
        registeredId: list('registeredId')
      },
      isCa: false,
      policies: list('policy'),
      extendedKeyUsage: list('extendedKeyUsage'),
      keyUsage: list('keyUsage') as readonly KeyUsage[]
    })
    return authority === undefined ? peer : limitPeerIdentity(peer, authority, [])
  })
}

function readTest (
  value: unknown, path: string, peers: ReadonlyMap<string, unknown>, file: string
): RulesTest {
  const where = `${file}: ${path}`
  const test = readObject(value, TEST_KEYS, where, `an object with ${TEST_KEYS.join(', ')}`)
  const { route, others } = test
  if (route !== undefined && typeof route !== 'string') {
    throw new UsageError(`${where}.route: found ${JSON.stringify(route)}; expected "METHOD /pattern"`)
  }
  const expected = new Map<string, Answer>()
  if (others !== undefined) for (const name of peers.keys()) expected.set(name, readAnswer(others, `${where}.others`))
  const answers = readObject(test['expect'] ?? {}, undefined, `${where}.expect`, 'answers by peer')
  for (const [name, answer] of Object.entries(answers)) {
    checkPeer(name, peers, `${where}.expect`)
    expected.set(name, readAnswer(answer, `${where}.expect.${name}`))
  }
  if (expected.size === 0) throw new UsageError(`${where}: expects nothing; expected expect or others`)
  const request = {
    param: readValues(test['params'], `${where}.params`),
    query: readValues(test['query'], `${where}.query`),
    header: Object.fromEntries(Object.entries(readValues(test['headers'], `${where}.headers`))
      .map(([name, values]) => [name.toLowerCase(), values]))
  }
  return { path, route, request, at: readTime(test['at'], `${where}.at`), expected }
}

function readAnswer (value: unknown, where: string): Answer {
  if (ANSWERS.includes(value)) return value as Answer
  throw new UsageError(`${where}: found ${JSON.stringify(value)}; expected allowed, denied or undecided`)
}

/** A value, or a list for a name that the request repeats. */
function readValues (value: unknown, where: string): Readonly<Record<string, readonly string[]>> {
  if (value === undefined) return {}
  const entries = Object.entries(readObject(value, undefined, where, 'values by name'))
  return Object.fromEntries(entries.map(([name, one]) => [name, [one].flat().map(String)]))
}

function readTime (value: unknown, where: string): number | undefined {
  if (value === undefined) return undefined
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new UsageError(`${where}: found ${JSON.stringify(value)}; expected a date such as 2027-03-15T12:00:00Z`)
}

/** @param keys the keys that it may have; undefined for any */
function readObject (
  value: unknown, keys: readonly string[] | undefined, where: string, expected: string
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${where}: found ${JSON.stringify(value) ?? 'nothing'}; expected ${expected}`)
  }
  const unknown = keys === undefined ? undefined : Object.keys(value).find((key) => !keys.includes(key))
  if (unknown === undefined) return value as Readonly<Record<string, unknown>>
  throw new UsageError(`${where}: unknown key ${JSON.stringify(unknown)}; expected one of ${keys?.join(', ')}`)
}

function attempt<Result> (where: string, run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}`)
  }
}
