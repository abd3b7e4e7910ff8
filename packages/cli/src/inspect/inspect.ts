import { stat } from 'node:fs/promises'
import { checkAuthorityName } from '../authorities/authority-entry.ts'
import { textOf, UsageError } from '../command.ts'
import type { Command } from '../command.ts'
import { holdsKey, readPassphrase } from '../files/certificate-file.ts'
import { MAX_CRL, readBytes, STANDARD_INPUT } from '../files/read-bytes.ts'
import { shownJson } from '../output.ts'
import { inspectServer } from '../server/server-view.ts'
import { CLIENT_OPTIONS, readTarget, readTlsArguments, TLS_OPTIONS } from '../server/tls-arguments.ts'
import type { TlsArguments } from '../server/tls-arguments.ts'
import { describeRequest } from './certificate-request.ts'
import { readPresented } from './certificate.ts'
import type { ReadCertificate } from './certificate.ts'
import { describeCrl } from './crl.ts'
import { describeInspected, describeInspectedAsData } from './describe-inspected.ts'
import type { Inspected } from './describe-inspected.ts'
import { EXPECTED, readPkcs12, recognize } from './objects.ts'
import type { Described, Found, Kind } from './objects.ts'
import { describeOcsp } from './ocsp-response.ts'
import { PLACEHOLDER } from './suggest-rules.ts'

/** How objects of a kind are described. Certificates, also those in PKCS#12, are described together. */
const DESCRIBERS: {
  readonly [kind in Kind]?: (der: Uint8Array, tls: TlsArguments) => Described | Promise<Described>
} = {
  crl: async (der, { anchors, trust }) => await describeCrl(der, anchors, trust),
  request: describeRequest,
  ocsp: describeOcsp
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
    if (values['json'] === true) print(shownJson(describeInspectedAsData(inspected, tls)))
    else print(describeInspected(inspected, tls))
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
  path: string, tls: TlsArguments, passphraseFile: string | undefined
): Promise<Omit<Inspected, 'authority'>> {
  const bytes = await readBytes(path, '', EXPECTED, MAX_CRL)
  const found = recognize(bytes, path)
  const { certificates, keys } = await readCertificates(found, path, passphraseFile)
  const others: Described[] = []
  for (const { kind, der } of found) {
    try {
      const described = await DESCRIBERS[kind]?.(der, tls)
      if (described !== undefined) others.push(described)
    } catch (error) {
      throw new UsageError(`${path}: ${(error as Error).message}; expected ${EXPECTED}`)
    }
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
