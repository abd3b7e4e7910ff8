import { stat } from 'node:fs/promises'
import type { PeerIdentity } from '@peerkit/identity'
import type { Decision } from '@peerkit/trust'
import { checkAuthorityName } from '../authorities/authority-entry.ts'
import { textOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { holdsKey, readPassphrase } from '../files/certificate-file.ts'
import { readBytes, STANDARD_INPUT } from '../files/read-bytes.ts'
import { shown, shownJson, shownRows } from '../output.ts'
import { describeMatch, matchCa } from '../server/ca-match.ts'
import { inspectServer } from '../server/server-view.ts'
import type { ServerView } from '../server/server-view.ts'
import { CLIENT_OPTIONS, readTarget, readTlsArguments, TLS_OPTIONS } from '../server/tls-arguments.ts'
import type { TlsArguments } from '../server/tls-arguments.ts'
import { describeDecisionAsData, nameRefused, summarizeDecision } from '../trust/decision.ts'
import { describeRequest } from './certificate-request.ts'
import { describeChain, describeIdentity, listRuleKeys, readChain, readPresented } from './certificate.ts'
import type { ReadCertificate } from './certificate.ts'
import { describeCrl } from './crl.ts'
import type { Described } from './crl.ts'
import { EXPECTED, readPkcs12, recognize } from './objects.ts'
import type { Found, Kind } from './objects.ts'
import { describeOcsp } from './ocsp-response.ts'
import { PLACEHOLDER, suggestRules, WHY_AUTHORITY } from './suggest-rules.ts'

const FILL = `replace ${PLACEHOLDER} by the authority (--authority NAME does this); ` +
  'with only one authority, "authority" can be omitted'

/** The largest file. A CRL of three million entries fits. */
const MAX_FILE = 1 << 27

interface Inspected {
  readonly target: string
  /** What the target is; of a file with several kinds, the kind of the first object. */
  readonly kind: Kind | 'server'
  readonly certificates: readonly ReadCertificate[]
  readonly server: ServerView | undefined
  readonly remark: string | undefined
  /** CRLs, certificate requests and OCSP responses. */
  readonly others: ReadonlyArray<Described & { readonly kind: Kind }>
  /** The authority in the suggested rules. */
  readonly authority: string
}

export const inspect: Command = {
  name: 'inspect',
  summary: 'decode a certificate and the values that rules match, a CRL, a request, an OCSP response or PKCS#12',
  operands: {
    name: 'TARGET', help: 'a file (PEM or DER), "-" for standard input, or host:port of a server', least: 1, most: 1
  },
  options: {
    ...TLS_OPTIONS,
    ...CLIENT_OPTIONS,
    authority: { type: 'string', help: 'name of its authority, for the suggested rules' },
    json: { type: 'boolean', help: 'the result as JSON' }
  },
  notes: [
    'Exit code: 0 read; 1 no readable certificate from the server; 2 a wrong command line or file.',
    '',
    '  peerkit inspect client.pem',
    '  peerkit inspect ca.crl --ca ca.pem                  # is its signature valid?',
    '  peerkit inspect client.p12 --passphrase-file secret.txt',
    '  openssl req -in client.csr -outform DER | peerkit inspect -',
    '  peerkit inspect api.internal:8443 --ca ca.pem'
  ],
  run: async (values, print, [target = '']) => {
    const tls = await readTlsArguments(values)
    const authority = textOf(values, 'authority') ?? PLACEHOLDER
    checkAuthorityName(authority, '--authority')
    const seen = target === STANDARD_INPUT || await isFile(target)
      ? await inspectFile(target, tls, textOf(values, 'passphrase-file'))
      : await inspectHost(target, tls)
    const inspected = { ...seen, authority }
    print(values['json'] === true ? shownJson(describeAsData(inspected, tls)) : describeAsText(inspected, tls))
    return inspected.kind === 'server' && inspected.certificates[0]?.peer === undefined ? 1 : 0
  }
}

async function isFile (path: string): Promise<boolean> {
  return await stat(path).then((found) => {
    if (!found.isDirectory()) return true
    throw new UsageError(
      `${path}: found a folder; expected a certificate file or host:port ("peerkit expiry" accepts folders)`
    )
  }, () => false)
}

async function inspectFile (
  path: string, { anchors, trust }: TlsArguments, passphraseFile: string | undefined
): Promise<Omit<Inspected, 'authority'>> {
  const bytes = await readBytes(path, '', EXPECTED, MAX_FILE)
  const found = recognize(bytes, path)
  const { certificates, keys } = await readCertificates(found, path, passphraseFile)
  const others: Array<Inspected['others'][number]> = []
  for (const { kind, der } of found) {
    const described = await describeObject(kind, der, { anchors, trust, where: path })
    if (described !== undefined) others.push({ kind, ...described })
  }
  const remark = keys > 0 || holdsKey(Buffer.from(bytes).toString('latin1'))
    ? 'The file also has a private key, which is not shown.'
    : undefined
  return { target: path, kind: found[0]?.kind ?? 'certificate', certificates, server: undefined, remark, others }
}

/** The certificates of a file, and those in its PKCS#12. */
async function readCertificates (
  found: readonly Found[], path: string, passphraseFile: string | undefined
): Promise<{ certificates: readonly ReadCertificate[], keys: number }> {
  const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile)
  const certificates: ReadCertificate[] = []
  let keys = 0
  for (const { kind, der } of found) {
    if (kind === 'certificate') certificates.push(readPresented(der))
    if (kind !== 'pkcs12') continue
    const content = await readPkcs12(der, passphrase, path)
    certificates.push(...content.certificates)
    keys += content.keys
  }
  const [first] = certificates
  if (first !== undefined && first.peer === undefined) {
    throw new UsageError(`${path}: ${first.error}; expected ${EXPECTED}`)
  }
  return { certificates, keys }
}

async function inspectHost (text: string, tls: TlsArguments): Promise<Omit<Inspected, 'authority'>> {
  const target = readTarget(text)
  if (target === undefined) {
    throw new UsageError(`found ${JSON.stringify(text)}, which is not a file; expected a certificate file or host:port`)
  }
  const server = await inspectServer(target, tls)
  const certificates = server.certificates.map(readPresented)
  return { target: target.authority, kind: 'server', certificates, server, remark: undefined, others: [] }
}

function describeAsText (inspected: Inspected, { anchors, trust }: TlsArguments): string {
  const { target, certificates, server, remark, others, authority } = inspected
  const now = Date.now()
  const [leaf] = certificates
  const parts = [`${shown(target)}\n${remark === undefined ? '' : `${remark}\n`}`]
  if (server !== undefined) parts.push(shownRows(describeServer(server, trust)))
  parts.push(...others.map(({ title, text }) => `${title}\n${text}`))
  if (leaf === undefined) return parts.join('\n')
  if (leaf.peer === undefined) {
    return [...parts, `The certificate cannot be parsed: ${shown(leaf.error ?? '')}\n`].join('\n')
  }
  const anchored = server === undefined && anchors.length > 0
    ? shownRows([['trust', describeAnchoring(certificates, anchors, trust)]])
    : ''
  return [
    ...parts,
    `Values that rules match\n${describeIdentity(leaf.peer, leaf.key, now)}`,
    `${server === undefined ? 'In the file' : 'As sent'}\n${describeChain(readChain(certificates), now)}${anchored}`,
    `Rules that match it, the most specific first\n${describeRules(leaf.peer, authority)}`
  ].join('\n')
}

function describeRules (peer: PeerIdentity, authority: string): string {
  const rules = suggestRules(peer, authority)
  const texts = rules.map(({ rule, note }) => `  ${shown(JSON.stringify(rule))}\n      ${note}\n`)
  if (!rules.some(({ rule }) => rule.authority !== undefined)) return texts.join('')
  return `${texts.join('')}  ${WHY_AUTHORITY}\n${authority === PLACEHOLDER ? `  ${FILL}\n` : ''}`
}

function describeServer (
  {
    address, protocol, cipher, alpn, trusted, distrust, ca, chain, asksForCertificate, acceptedCas, failure
  }: ServerView,
  trust: string
): Parameters<typeof shownRows>[0] {
  return [
    ['address', address],
    ['failed', failure],
    ['protocol', protocol === undefined
      ? undefined
      : [protocol, cipher, alpn].filter((part) => part !== undefined).join(', ')],
    ['trusted', trusted === undefined ? undefined : trusted ? `yes, by ${trust}` : `no, by ${trust}: ${distrust}`],
    ['its CA', describeMatch(ca, trust, trusted)],
    ...describeChainRows(chain),
    ['client certificate', describeAsking(asksForCertificate)],
    ['accepted CAs', asksForCertificate === true
      ? (acceptedCas.length === 0 ? 'the server names none' : acceptedCas)
      : undefined]
  ]
}

/** The decision of `@peerkit/trust` about a server's chain, and the refused certificate. */
export function describeChainRows (chain: Decision | undefined): Parameters<typeof shownRows>[0] {
  return [
    ['chain', chain === undefined ? undefined : summarizeDecision(chain, Date.now())],
    ['refused', chain === undefined || chain.accepted ? undefined : nameRefused(chain)]
  ]
}

export function describeAsking (asks: boolean | undefined): string {
  return asks === undefined ? 'unknown: the handshake could not be read' : asks ? 'requested' : 'not requested'
}

/** Whether one of the certificates is signed by a CA of --ca. This is not a path validation. */
function describeAnchoring (
  certificates: readonly ReadCertificate[],
  anchors: readonly Uint8Array[],
  trust: string
): string {
  const match = matchCa(certificates.map(({ der }) => der), anchors)
  if (match?.result === 'same_key') return `leads to ${trust}`
  const other = match?.result === 'other_key' ? `, which has a CA of the name ${match.name} with another key` : ''
  return `no certificate is signed by ${trust}${other}`
}

function describeAsData (inspected: Inspected, { anchors, trust }: TlsArguments): object {
  const { target, kind, certificates, server, others, authority } = inspected
  const leaf = certificates[0]?.peer
  const { certificates: _, chain, ...view } = server ?? { certificates: [], chain: undefined }
  const listOf = (wanted: Kind): object[] => others.filter((other) => other.kind === wanted).map(({ data }) => data)
  const [crls, requests, ocspResponses] = [listOf('crl'), listOf('request'), listOf('ocsp')]
  return {
    target,
    kind,
    ...(crls.length > 0 && { crls }),
    ...(requests.length > 0 && { requests }),
    ...(ocspResponses.length > 0 && { ocspResponses }),
    ...(server !== undefined && { server: { ...view, chain: chain && describeDecisionAsData(chain) } }),
    certificates: certificates.map(({ peer, error, key }, index) => ({
      identity: peer,
      key,
      error,
      ...readChain(certificates.slice(index, index + 2))[0]
    })),
    ...(server === undefined && certificates.length > 0 && anchors.length > 0 &&
    { trust: describeAnchoring(certificates, anchors, trust) }),
    ...(leaf !== undefined && {
      sees: listRuleKeys(leaf),
      rules: suggestRules(leaf, authority),
      rulesNote: WHY_AUTHORITY
    })
  }
}

/** Where an object is from, and the CAs of `--ca`. */
export interface ObjectPlace {
  readonly where: string
  readonly anchors: readonly Uint8Array[]
  /** The name of these CAs, for the output. */
  readonly trust: string
}

/** Describes a CRL, a request or an OCSP response. Undefined for other kinds. @throws UsageError if it is damaged */
export async function describeObject (
  kind: Kind, der: Uint8Array, { where, anchors, trust }: ObjectPlace
): Promise<Described | undefined> {
  try {
    if (kind === 'crl') return await describeCrl(der, anchors, trust)
    if (kind === 'request') return describeRequest(der)
    return kind === 'ocsp' ? describeOcsp(der) : undefined
  } catch (error) {
    throw new UsageError(`${where}: ${(error as Error).message}; expected ${EXPECTED}`)
  }
}
