import { readCertificate } from '@peerkit/identity/x509'
import type { DevCa } from '@peerkit/dev-ca'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DerSequence, readBitOctets, readOid, writeElement, writeOid } from '../../src/x509/der.ts'
import { extension, generalizedTime, integer, signData, signings, type Signing } from './craft.ts'

// A responder that answers as it is told to: honestly, or with any of the lies there are.

export interface OcspLie {
  /** Content of the outer status. Default 0, successful. */
  readonly outerStatus?: number
  readonly state?: 'good' | 'revoked' | 'unknown'
  readonly reason?: number
  readonly revokedAt?: Date
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | null
  readonly producedAt?: Date
  /** Who signs, with whose certificate sent along. Default: the CA itself. */
  readonly signer?: { readonly der: Uint8Array, readonly key: string }
  readonly key?: string
  readonly signing?: Signing
  readonly byKey?: boolean
  readonly responderId?: Uint8Array
  readonly certificates?: readonly Uint8Array[]
  /** The CertID's DER that it answers about. Default: the one it was asked about. */
  readonly certIds?: readonly Uint8Array[]
  /** What is otherwise in each of the answers, in the order of `certIds`. */
  readonly each?: readonly Pick<OcspLie, 'state' | 'thisUpdate' | 'nextUpdate'>[]
  /** The nonce's octets; null for none. Default: the one it was sent. */
  readonly nonce?: Uint8Array | null
  readonly extensions?: readonly Uint8Array[]
  readonly singleExtensions?: readonly Uint8Array[]
  readonly type?: string
  readonly version?: number
  /** The whole body, whatever was asked. */
  readonly body?: Uint8Array
}

export interface TestResponder {
  readonly url: string
  readonly requests: Uint8Array[]
  lie: OcspLie
  /** Takes the answering over. */
  handler: ((request: IncomingMessage, response: ServerResponse, body: Uint8Array) => void) | undefined
  close (): Promise<void>
}

export async function startResponder (ca: DevCa, lie: OcspLie = {}): Promise<TestResponder> {
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = []
    request.on('data', (chunk: Uint8Array) => { chunks.push(chunk) })
    request.on('end', () => {
      const body = new Uint8Array(Buffer.concat(chunks))
      responder.requests.push(body)
      if (responder.handler !== undefined) return responder.handler(request, response, body)
      response.setHeader('content-type', 'application/ocsp-response').end(craftOcspResponse(ca, body, responder.lie))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const responder: TestResponder = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests: [],
    lie,
    handler: undefined,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
  return responder
}

export function craftOcspResponse (ca: DevCa, request: Uint8Array, lie: OcspLie): Uint8Array {
  if (lie.body !== undefined) return lie.body
  const outerStatus = writeElement(0x0a, Uint8Array.of(lie.outerStatus ?? 0))
  if (lie.outerStatus !== undefined && lie.outerStatus !== 0) return writeElement(0x30, outerStatus)
  const asked = readRequest(request)
  const nonce = lie.nonce === undefined ? asked.nonce : lie.nonce ?? undefined
  const signer = lie.signer ?? ca
  const signing = lie.signing ?? signings.ecdsaSha256
  const extensions = [
    ...(nonce === undefined ? [] : [extension('1.3.6.1.5.5.7.48.1.2', false, writeElement(0x04, nonce))]),
    ...lie.extensions ?? []
  ]
  const tbs = writeElement(0x30,
    ...(lie.version === undefined ? [] : [writeElement(0xa0, integer(lie.version))]),
    lie.responderId ?? responderId(signer.der, lie.byKey ?? false),
    generalizedTime(lie.producedAt ?? new Date()),
    writeElement(
      0x30, ...(lie.certIds ?? [asked.certId]).map((certId, i) => single(certId, { ...lie, ...lie.each?.[i] }))
    ),
    ...(extensions.length === 0 ? [] : [writeElement(0xa1, writeElement(0x30, ...extensions))]))
  const certificates = lie.certificates ?? (lie.signer === undefined ? [] : [lie.signer.der])
  const basic = writeElement(0x30, tbs, signing.algorithm,
    writeElement(0x03, Uint8Array.of(0), signData(tbs, lie.key ?? signer.key, signing)),
    ...(certificates.length === 0 ? [] : [writeElement(0xa0, writeElement(0x30, ...certificates))]))
  return writeElement(
    0x30,
    outerStatus,
    writeElement(0xa0, writeElement(0x30, writeOid(lie.type ?? '1.3.6.1.5.5.7.48.1.1'), writeElement(0x04, basic)))
  )
}

function single (certId: Uint8Array, lie: OcspLie): Uint8Array {
  const reason = lie.reason === undefined ? [] : [writeElement(0xa0, writeElement(0x0a, Uint8Array.of(lie.reason)))]
  const state = lie.state === 'revoked'
    ? writeElement(0xa1, generalizedTime(lie.revokedAt ?? new Date()), ...reason)
    : writeElement(lie.state === 'unknown' ? 0x82 : 0x80)
  const nextUpdate = lie.nextUpdate === undefined ? new Date(Date.now() + 3_600_000) : lie.nextUpdate
  return writeElement(0x30, certId, state, generalizedTime(lie.thisUpdate ?? new Date(Date.now() - 60_000)),
    ...(nextUpdate === null ? [] : [writeElement(0xa0, generalizedTime(nextUpdate))]),
    ...(lie.singleExtensions === undefined ? [] : [writeElement(0xa1, writeElement(0x30, ...lie.singleExtensions))]))
}

function responderId (der: Uint8Array, byKey: boolean): Uint8Array {
  const certificate = readCertificate(der)
  if (!byKey) return writeElement(0xa1, certificate.subjectRaw)
  const spki = DerSequence.of(certificate.subjectPublicKeyInfo, 0x30)
  spki.expect(0x30)
  return writeElement(0xa2, writeElement(0x04, createHash('sha1').update(readBitOctets(spki)).digest()))
}

/** The first CertID of a request, in DER, and its nonce. */
export function readRequest (der: Uint8Array): { readonly certId: Uint8Array, readonly nonce: Uint8Array | undefined } {
  const request = DerSequence.of(der, 0x30).open(0x30)
  const item = request.open(0x30).open(0x30)
  const certId = item.whole(item.expect(0x30))
  const list = request.optionalOpen(0xa2)?.open(0x30).open(0x30)
  if (list === undefined) return { certId, nonce: undefined }
  readOid(list)
  const value = list.open(0x04)
  return { certId, nonce: value.content(value.expect(0x04)) }
}
