// docs/issuers/custom.md: each of its files is written, and run against a stand-in that answers as the documentation of the API says.
import { createHash, createHmac, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { createServer as createHttpsServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import type { CertificateIssuer } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { issuerCases } from '@peerkit/issuers/test'
import type { IssuerWorld, WorldAnswer } from '@peerkit/issuers/test'
import { Agent } from 'undici'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'
import { checkTypes, makeProgram } from './type-check.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })

const files = readFences(readFileSync(join(root, 'docs/issuers/custom.md'), 'utf8')).flatMap(({ info, code }) => {
  const name = /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1]
  if (info !== 'ts' || name === undefined) return []
  const path = join(scratch.path, name)
  writeFileSync(path, code)
  return [path]
})

const load = async (name: string): Promise<any> => await import(join(scratch.path, `${name}.ts`))

interface Asked { readonly method: string, readonly path: string, readonly headers: IncomingHttpHeaders, readonly text: string, readonly body: any, readonly socket: TLSSocket }
interface Reply { readonly status?: number, readonly body: unknown, readonly retryAfter?: number }

/** Undefined breaks the connection. */
type Answer = (asked: Asked) => Reply | undefined | Promise<Reply | undefined>

async function serve (answer: Answer, tls?: object): Promise<{ url: string, close: () => Promise<void> }> {
  const server = tls === undefined ? createServer() : createHttpsServer(tls)
  server.on('request', (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, text, body: text === '' ? undefined : JSON.parse(text), socket: request.socket as TLSSocket }
      Promise.resolve(answer(asked)).then((reply) => {
        if (reply === undefined) request.socket.destroy()
        else {
          const { status = 200, body, retryAfter } = reply
          response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) })
          response.end(typeof body === 'string' ? body : JSON.stringify(body))
        }
      }, (error) => { response.writeHead(500).end(String(error)) })
    })
  })
  const url = await listen(server)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${url}`,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

async function listen (server: Server): Promise<number> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as AddressInfo).port
}

type Issued = Extract<WorldAnswer, { type: 'issued' }>

async function replyOf (world: IssuerWorld, csr: string, issued: (answer: Issued) => unknown): Promise<Reply | undefined> {
  const answer = await world.answer(csr)
  switch (answer.type) {
    case 'issued': return { body: issued(answer) }
    case 'dropped': return undefined
    case 'garbage': return { body: answer.text }
    case 'unavailable': return { status: 503, body: '' }
    default: return { status: 429, body: 'too many requests', retryAfter: answer.retryAfter }
  }
}

interface Started { readonly issuer: CertificateIssuer, readonly givesCa?: boolean, close (): Promise<void> }

/** Holds the issuer of a recipe to the cases that every issuer passes. */
async function passesTheKit (t: Test, start: (world: IssuerWorld, t: Test) => Promise<Started>): Promise<void> {
  for (const { name, run } of issuerCases) {
    await t.test(name, async (t) => {
      await run(async (world) => ({ givesCa: false, ...await start(world, t) }))
    })
  }
}

t.test('the files of docs/issuers/custom.md have the right types', async (t) => {
  t.ok(files.length >= 8)
  t.same(checkTypes(makeProgram(files), files), [])
})

t.test('a CA of your own', async (t) => {
  const { houseCa } = await load('house-ca')
  await passesTheKit(t, async (world, t) => {
    const { url, close } = await serve(async ({ headers, body }) => {
      t.equal(headers.authorization, 'Bearer house')
      return await replyOf(world, body.csr, ({ leaf, intermediates }) => ({ chain: [leaf, ...intermediates].join('') }))
    })
    return { issuer: houseCa({ url, token: 'house' }), close }
  })
})

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }

t.test('the signature of AWS is that of its documentation', async (t) => {
  const { signAws } = await load('aws-signature')
  const request = {
    method: 'GET',
    url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: ''
  }
  const { authorization } = signAws(request, { region: 'us-east-1', service: 'iam' }, KEYS, new Date('2015-08-30T12:36:00Z'))
  t.equal(authorization, 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
    'SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7')
  t.match(signAws(request, { region: 'us-east-1', service: 'iam' }, { ...KEYS, sessionToken: 'session' }), {
    'x-amz-security-token': 'session', authorization: /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,/
  })
})

/** Whether a request has the signature that AWS computes of it. */
function isSigned ({ method, path, headers, text }: Asked, service: string): boolean {
  const [, day = '', names = '', signature = ''] = /Credential=AKIDEXAMPLE\/(\d+)\/eu-central-1\/[\w-]+\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)$/.exec(headers.authorization ?? '') ?? []
  const scope = `${day}/eu-central-1/${service}/aws4_request`
  const canonical = [method, path, '', ...names.split(';').map((name) => `${name}:${headers[name] as string}`), '', names, createHash('sha256').update(text).digest('hex')].join('\n')
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()
  const key = hmac(hmac(hmac(hmac(`AWS4${KEYS.secretAccessKey}`, day), 'eu-central-1'), service), 'aws4_request')
  const digest = createHash('sha256').update(canonical).digest('hex')
  return hmac(key, `AWS4-HMAC-SHA256\n${headers['x-amz-date'] as string}\n${scope}\n${digest}`).toString('hex') === signature
}

t.test('AWS Private CA', async (t) => {
  const { awsPrivateCa } = await load('aws-private-ca')
  let waited = 0
  await passesTheKit(t, async (world, t) => {
    const authority = 'arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/12345678-1234-1234-1234-123456789012'
    const issued = new Map<string, Issued>()
    const { url, close } = await serve(async (asked) => {
      const { headers, body } = asked
      t.ok(isSigned(asked, 'acm-pca'))
      t.match([headers['content-type'], body.CertificateAuthorityArn], ['application/x-amz-json-1.1', authority])
      if (headers['x-amz-target'] === 'ACMPrivateCA.IssueCertificate') {
        t.match(body, { SigningAlgorithm: 'SHA256WITHECDSA', Validity: { Type: 'DAYS', Value: 7 } })
        return await replyOf(world, Buffer.from(body.Csr, 'base64').toString(), (found) => {
          const CertificateArn = `${authority}/certificate/${issued.size}`
          issued.set(CertificateArn, found)
          return { CertificateArn }
        })
      }
      t.equal(headers['x-amz-target'], 'ACMPrivateCA.GetCertificate')
      const one = issued.get(body.CertificateArn)
      if (one === undefined) return { status: 400, body: { __type: 'ResourceNotFoundException' } }
      waited += 1
      // Once in all cases: the recipe waits before it asks again.
      if (waited === 1) return { status: 400, body: { __type: 'RequestInProgressException', message: 'in progress' } }
      return { body: { Certificate: one.leaf, CertificateChain: [...one.intermediates, one.root].join('').trim() } }
    })
    return { issuer: awsPrivateCa({ region: 'eu-central-1', authority, days: 7, keys: async () => KEYS, url }), close }
  })
})

t.test('Google Certificate Authority Service', async (t) => {
  const { googleCas, metadataToken } = await load('google-cas')
  const pool = 'projects/p/locations/europe-west3/caPools/mesh'
  await passesTheKit(t, async (world, t) => {
    const metadata = await serve(({ headers }) => {
      t.equal(headers['metadata-flavor'], 'Google')
      return { body: { access_token: 'ya29', expires_in: 3_599, token_type: 'Bearer' } }
    })
    const ids = new Set<string>()
    const { url, close } = await serve(async ({ method, path, headers, body }) => {
      const { pathname, searchParams } = new URL(path, 'http://x')
      t.same([method, pathname, headers.authorization, body.lifetime], ['POST', `/v1/${pool}/certificates`, 'Bearer ya29', '86400s'])
      const id = searchParams.get('certificateId') ?? ''
      t.match(id, /^[a-zA-Z0-9_-]{1,63}$/)
      t.notOk(ids.has(id), 'each certificate has an id of its own')
      ids.add(id)
      return await replyOf(world, body.pemCsr, ({ leaf, intermediates, root }) => ({ pemCertificate: leaf, pemCertificateChain: [...intermediates, root] }))
    })
    const token = async (signal: AbortSignal): Promise<string> => await metadataToken(signal, metadata.url)
    return {
      issuer: googleCas({ pool, hours: 24, token, url }),
      async close () {
        await metadata.close()
        await close()
      }
    }
  })
})

t.test('EJBCA', async (t) => {
  const { ejbca } = await load('ejbca')
  const ca = await createDevCa()
  const server = await ca.issue({ ip: '127.0.0.1' })
  const client = await ca.issue({ cn: 'registration authority', profile: 'client' })
  const base64 = (pem: string): string => new X509Certificate(pem).raw.toString('base64')
  await passesTheKit(t, async (world, t) => {
    const { url, close } = await serve(async ({ method, path, body, socket }) => {
      t.same([method, path, socket.authorized], ['POST', '/ejbca/ejbca-rest-api/v1/certificate/pkcs10enroll', true])
      t.match(body, { certificate_profile_name: 'mutual-tls', username: 'ledger', password: 'foo123', include_chain: true })
      return await replyOf(world, body.certificate_request, ({ leaf, intermediates }) => ({
        certificate: base64(leaf), serial_number: '1', response_format: 'DER', certificate_chain: [leaf, ...intermediates].map(base64)
      }))
    }, { cert: server.chain, key: server.key, ca: ca.root, requestCert: true })
    const agent = new Agent({ connect: { ca: ca.root, cert: client.chain, key: client.key } })
    return {
      issuer: ejbca({ url, agent, username: 'ledger', password: 'foo123' }),
      async close () {
        await agent.destroy()
        await close()
      }
    }
  })
})

t.test('istiod', async (t) => {
  const { istiod } = await load('istiod')
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ ip: '127.0.0.1' })
  const token = join(scratch.path, 'token')
  writeFileSync(token, 'eyJ.istio\n')
  await passesTheKit(t, async (world, t) => {
    const server = createSecureServer({ cert: chain, key })
    const sessions = new Set<{ destroy: () => void }>()
    server.on('session', (session) => { sessions.add(session) })
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        t.same([headers[':path'], headers['content-type'], headers['authorization']], ['/istio.v1.auth.IstioCertificateService/CreateCertificate', 'application/grpc', 'Bearer eyJ.istio'])
        const message: Buffer = Buffer.concat(chunks)
        t.equal(message.readUInt32BE(1), message.length - 5)
        const [csr, rest] = readString(message.subarray(5) as Buffer)
        t.same([...rest], [0x18, 0x80, 0xa3, 0x05], 'validity_duration is 86400')
        world.answer(csr).then((answer) => {
          // Its source was closed meanwhile.
          if (stream.destroyed) return
          const start = { ':status': 200, 'content-type': 'application/grpc' }
          if (answer.type === 'dropped') stream.session?.destroy()
          else if (answer.type === 'issued') {
            const body = Buffer.concat([answer.leaf, ...answer.intermediates, answer.root].map(writeString))
            const head = Buffer.alloc(5)
            head.writeUInt32BE(body.length, 1)
            stream.respond(start, { waitForTrailers: true })
            stream.on('wantTrailers', () => { stream.sendTrailers({ 'grpc-status': '0' }) })
            stream.end(Buffer.concat([head, body]))
          } else if (answer.type === 'garbage') {
            stream.respond({ ':status': 200, 'content-type': 'text/html' })
            stream.end(answer.text)
          } else if (answer.type === 'unavailable') stream.respond({ ...start, 'grpc-status': '14', 'grpc-message': 'unavailable' }, { endStream: true })
          else stream.respond({ ':status': 429, 'retry-after': String(answer.retryAfter) }, { endStream: true })
        }, () => { stream.destroy() })
      })
    })
    const port = await listen(server)
    return {
      issuer: istiod({ spiffeId: 'spiffe://cluster.local/ns/prod/sa/ledger', root: ca.root, token, seconds: 86_400, url: `https://127.0.0.1:${port}` }),
      givesCa: true,
      async close () {
        for (const session of sessions) session.destroy()
        await new Promise((resolve) => server.close(resolve))
      }
    }
  })
})

/** Field 1 of a message, and what follows. */
function readString (message: Buffer): [string, Buffer] {
  let [at, length, shift] = [1, 0, 0]
  for (;; shift += 7) {
    const octet = message[at++] ?? 0
    length |= (octet & 127) << shift
    if (octet < 128) break
  }
  return [message.subarray(at, at + length).toString(), message.subarray(at + length)]
}

function writeString (text: string): Buffer {
  const { length } = Buffer.from(text)
  return Buffer.concat([Buffer.from([0x0a, length % 128 | 128, length >> 7]), Buffer.from(text)])
}

t.test('AWS Secrets Manager', async (t) => {
  const { awsSecret } = await load('aws-secrets-manager')
  const ca = await createDevCa()
  let issued = await ca.issue({ cn: 'ledger' })
  let status = 200
  const { url, close } = await serve((asked) => {
    t.ok(isSigned(asked, 'secretsmanager'))
    t.match(asked, { headers: { 'x-amz-target': 'secretsmanager.GetSecretValue' }, body: { SecretId: 'prod/ledger' } })
    return { status, body: { ARN: 'arn', Name: 'prod/ledger', SecretString: JSON.stringify({ cert: issued.chain, key: issued.key }) } }
  })
  t.teardown(close)
  const source = await awsSecret({ region: 'eu-central-1', secret: 'prod/ledger', keys: async () => KEYS, ca: ca.root, url })
  t.teardown(async () => { await source.close() })
  t.equal(source.current.identity.serialNumber, issued.serialNumber)
  issued = await ca.issue({ cn: 'ledger' })
  await source.refresh()
  t.equal(source.current.identity.serialNumber, issued.serialNumber)
  status = 400
  await t.rejects(source.refresh(), { cause: { message: 'Secrets Manager answered 400 for prod/ledger' } })
})

t.test('Azure Key Vault', async (t) => {
  const { azureKeyVault, managedIdentityToken } = await load('azure-key-vault')
  const ca = await createDevCa()
  const issued = await ca.issue({ cn: 'ledger' })
  const identity = await serve(({ headers }) => {
    t.equal(headers['metadata'], 'true')
    return { body: { access_token: 'azure' } }
  })
  t.teardown(identity.close)
  let secret = { contentType: 'application/x-pem-file', value: issued.key + issued.chain }
  let status = 200
  const vault = await serve(({ path, headers }) => {
    t.same([path, headers.authorization], ['/secrets/ledger?api-version=7.4', 'Bearer azure'])
    return { status, body: secret }
  })
  t.teardown(vault.close)
  const token = async (signal: AbortSignal): Promise<string> => await managedIdentityToken(signal, identity.url)
  const source = await azureKeyVault({ vault: vault.url, name: 'ledger', ca: ca.root, token })
  t.teardown(async () => { await source.close() })
  t.equal(source.current.identity.serialNumber, issued.serialNumber)
  secret = { contentType: 'application/x-pkcs12', value: Buffer.from('no PKCS#12').toString('base64') }
  await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', message: /PKCS#12/ })
  status = 403
  await t.rejects(source.refresh(), { cause: { message: 'Key Vault answered 403 for ledger' } })
})
