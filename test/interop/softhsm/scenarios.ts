// What is tried with a real token. Each returns what the test compares.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials, memoryCredentials, openPkcs11Key, providerCredentials, renewingCredentials, secureContextOptions } from '@peerkit/credentials'
import type { CredentialSource, ProvidedMaterial } from '@peerkit/credentials'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { createCertificateRequest } from '@peerkit/issuers'
import { pkcs11Issuer } from '@peerkit/issuers/pkcs11'
import type { Pkcs11IssuerKey } from '@peerkit/issuers/pkcs11'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { problemOf } from './scenario-world.ts'
import type { ScenarioWorld, TokenKey } from './scenario-world.ts'

type Result = Record<string, unknown>

/** Servers and clients with keys in the token, for each kind of key, version of TLS and of HTTP. */
async function connections ({ ca, make }: ScenarioWorld): Promise<Result> {
  const result: Result = {}
  for (const kind of ['EC:prime256v1', 'rsa:2048'] as const) {
    const [server, client] = [await make(`server-${kind.slice(0, 6)}`, kind, 'ledger'), await make(`client-${kind.slice(0, 6)}`, kind, 'orders')]
    const provide = async ({ cert, key }: TokenKey): Promise<CredentialSource> => await providerCredentials(() => ({ cert, key, ca: ca.root }))
    const [ours, theirs] = [await provide(server), await provide(client)]
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      for (const http2 of [false, true]) {
        const { origin, close } = await serve(ours, version, http2)
        const agent = new MtlsAgent({ credentials: theirs, allowedServers: { dns: 'localhost' }, allowH2: http2 })
        result[`${kind} ${version} ${http2 ? 'h2' : 'http/1.1'}`] = await ask(agent, origin)
        await agent.close()
        await close()
      }
    }
    await Promise.all([ours.close(), theirs.close()])
  }
  return result
}

async function serve (credentials: CredentialSource, version: 'TLSv1.2' | 'TLSv1.3', http2 = false): Promise<{ readonly origin: string, readonly port: number, close (): Promise<void> }> {
  const mtls = { minVersion: version, maxVersion: version }
  const options = http2 ? withMtls(credentials, { http2: true, mtls }) : withMtls(credentials, { mtls })
  const app = Fastify({ ...options as object, forceCloseConnections: true })
  await app.register(fastifyMtls)
  app.get('/', async (request) => {
    const { peer, raw: { httpVersion } } = request
    return `${peer.subject?.commonName ?? ''} by HTTP/${httpVersion}`
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const port = Number(new URL(app.listeningOrigin).port)
  return { origin: `https://localhost:${port}`, port, close: async () => { await app.close() } }
}

async function ask (agent: MtlsAgent, origin: string): Promise<string> {
  try {
    const { body } = await agent.request({ origin, path: '/', method: 'GET', reset: true })
    return await body.text()
  } catch (error) {
    return await problemOf(Promise.reject(error))
  }
}

/** A server rotates between keys in the token and in memory. A connection that is open stays open. */
async function rotation ({ ca, make }: ScenarioWorld): Promise<Result> {
  const [first, second, rsa] = [await make('first'), await make('second'), await make('third', 'rsa:2048')]
  const issued = await ca.issue({ cn: 'in memory', dns: 'localhost' })
  const caller = await ca.issue({ cn: 'caller' })
  let answer: ProvidedMaterial = { cert: first.cert, key: first.key, ca: ca.root }
  const source = await providerCredentials(() => answer)
  const { port, close } = await serve(source, 'TLSv1.3')
  const call = async (): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: ca.root, cert: caller.chain, key: caller.key })
    await once(socket, 'secureConnect')
    return socket
  }
  const nameOf = (socket: TLSSocket): string => socket.getPeerX509Certificate()?.subject ?? ''
  const open = await call()
  const presented = [nameOf(open)]
  const materials = [{ cert: second.cert, key: second.key }, { cert: issued.chain, key: issued.key }, { cert: rsa.cert, key: rsa.key }, { cert: first.cert, key: first.key }]
  for (const material of materials) {
    answer = { ...material, ca: ca.root }
    await source.refresh()
    const socket = await call()
    presented.push(nameOf(socket))
    socket.destroy()
  }
  // A key that does not fit: what is in use stays in use.
  answer = { cert: second.cert, key: first.key, ca: ca.root }
  const refused = await problemOf(source.refresh())
  const after = await call()
  presented.push(nameOf(after))
  open.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const [data] = await once(open, 'data') as [Buffer]
  const stillOpen = data.toString().split('\r\n', 1)[0]
  open.destroy()
  after.destroy()
  await close()
  await source.close()
  return { presented, refused, stillOpen, generation: source.current.generation }
}

/** Files of the certificate, and a key in the token. */
async function files ({ ca, make, folder, tokens, token, pin, asked }: ScenarioWorld): Promise<Result> {
  const own = await make('tls')
  const other = await make('other')
  const [cert, caPath] = [join(folder, 'cert.pem'), join(folder, 'ca.pem')]
  const replace = async (path: string, text: string): Promise<void> => {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }
  await Promise.all([writeFile(cert, own.cert), writeFile(caPath, ca.root)])
  const source = await fileCredentials({ cert, key: own.key, ca: caPath, reportAfter: 300 })
  const next = async (): Promise<string> => await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      end()
      resolve(change.type === 'refused' ? `refused ${(change.error as Error & { reason?: string }).reason ?? ''}` : change.type)
    })
  })
  const changes: string[] = []
  const does = async (act: () => Promise<void>): Promise<void> => {
    const change = next()
    await act()
    changes.push(await change)
  }
  const counts = [asked.count]
  const another = await createDevCa()
  await does(async () => { await replace(caPath, ca.root + another.root) })
  counts.push(asked.count)
  await does(async () => { await replace(cert, await tokens.certify(own.publicKey, 'renewed')) })
  await does(async () => { await replace(cert, other.cert) })
  const kept = source.current.identity.subject?.commonName
  await does(async () => { await replace(cert, await tokens.certify(own.publicKey, 'again')) })
  const secondName = source.current.identity.subject?.commonName
  // The key goes away while the process runs.
  tokens.removeKey(token, pin, own.id)
  const gone = await problemOf(source.reload())
  const afterGone = source.current.identity.subject?.commonName
  await source.close()
  return { changes, asked: counts, kept, second: secondName, gone, afterGone, key: source.current.key ?? 'none', uri: source.current.opaqueKey?.uri }
}

/** A wrong PIN, by a source that tries again and again. The engine says each attempt on stderr. */
async function wrongPin ({ ca, make, folder, pin }: ScenarioWorld): Promise<Result> {
  const own = await make('tls')
  const [cert, caPath] = [join(folder, 'cert.pem'), join(folder, 'ca.pem')]
  await Promise.all([writeFile(cert, own.cert), writeFile(caPath, ca.root)])
  const wrong = { ...own.key, pin: () => `${pin}x` }
  const direct = await problemOf(openPkcs11Key(wrong, own.cert))
  const files = await problemOf(fileCredentials({ cert, key: wrong, ca: caPath, waitFor: 1_500 }))
  const provided = await problemOf(providerCredentials(() => ({ cert: own.cert, key: wrong, ca: ca.root }), { attempts: 3, retryFirst: 10 }))
  const issued = await problemOf(renewingCredentials({ issue: () => ({ cert: own.cert, key: wrong, ca: ca.root }) }, { attempts: 3, retryFirst: 10 }))
  const right = await problemOf(openPkcs11Key(own.key, own.cert))
  return { direct, files, provided, issued, right }
}

/** What is not there, is not alone, or is something else. */
async function objects ({ make, tokens, token, pin, module, ca, folder }: ScenarioWorld): Promise<Result> {
  const [ec, rsa] = [await make('ec'), await make('rsa', 'rsa:2048')]
  const [twin1, twin2] = [await make('twin'), await make('twin')]
  const at = `pkcs11:token=${encodeURIComponent(token)};`
  const open = async (pkcs11: string, cert: string): Promise<string> => await problemOf(openPkcs11Key({ pkcs11, module, pin: () => pin }, cert))
  tokens.addToken('twins', pin)
  tokens.addToken('twins', pin)
  const result = {
    byLabel: await open(`${at}object=ec`, ec.cert),
    byId: await open(`${at}id=%${ec.id}`, ec.cert),
    missingObject: await open(`${at}object=none`, ec.cert),
    missingToken: await open('pkcs11:token=none;object=ec', ec.cert),
    twoTokens: await open('pkcs11:token=twins;object=ec', ec.cert),
    otherKey: await open(`${at}object=ec`, twin1.cert),
    otherType: await open(`${at}object=rsa`, ec.cert),
    otherTypeBack: await open(`${at}object=ec`, rsa.cert),
    // Which one the engine takes is up to the token.
    twins: [await open(`${at}object=twin`, twin1.cert), await open(`${at}object=twin`, twin2.cert)].sort(),
    twinsById: [await open(`${at}object=twin;id=%${twin1.id}`, twin1.cert), await open(`${at}object=twin;id=%${twin2.id}`, twin2.cert)]
  }
  await writeFile(join(folder, 'other.so'), '')
  const key = { ...ec.key, module: join(folder, 'other.so') }
  // Memory takes a key that is open.
  const memory = memoryCredentials({ cert: ec.cert, key: await openPkcs11Key(ec.key, ec.cert), ca: ca.root })
  const { privateKeyIdentifier } = secureContextOptions(memory.current)
  await memory.close()
  return { ...result, secondModule: await problemOf(openPkcs11Key(key, ec.cert)), privateKeyIdentifier }
}

/** A token that is pulled out. */
async function pulled ({ ca, make, folder }: ScenarioWorld): Promise<Result> {
  const own = await make('tls')
  const caller = await ca.issue({ cn: 'caller' })
  const source = await providerCredentials(() => ({ cert: own.cert, key: own.key, ca: ca.root }))
  const client = memoryCredentials({ cert: caller.chain, key: caller.key, ca: ca.root })
  const { origin, close } = await serve(source, 'TLSv1.3')
  const call = async (): Promise<string> => {
    const agent = new MtlsAgent({ credentials: client, allowedServers: { dns: 'localhost' } })
    const answer = await ask(agent, origin)
    await agent.close()
    return answer
  }
  const before = await call()
  await rename(join(folder, 'tokens'), join(folder, 'elsewhere'))
  const during = await call()
  const refresh = await problemOf(source.refresh())
  const state = source.status?.().state
  const presents = source.current.identity.subject?.commonName
  await close()
  await Promise.all([source.close(), client.close()])
  return { before, during: during === before ? 'answered' : 'refused', refresh, state, presents }
}

/** A file that is no PKCS#11 module. */
async function noModule ({ make, folder }: ScenarioWorld): Promise<Result> {
  const own = await make('tls')
  await writeFile(join(folder, 'no-module.so'), 'no module')
  return { problem: await problemOf(openPkcs11Key({ ...own.key, module: join(folder, 'no-module.so') }, own.cert)) }
}

/** Variables of the engine that are set already. They count for others, and are left as they are. */
async function ownVariables ({ make }: ScenarioWorld): Promise<Result> {
  const own = await make('tls')
  process.env['PKCS11_MODULE_PATH'] = '/usr/lib/none.so'
  const problem = await problemOf(openPkcs11Key(own.key, own.cert))
  return { problem, after: process.env['PKCS11_MODULE_PATH'] }
}

/** Requests that are signed in the token, and a certificate that is renewed for the same key. */
async function renewing ({ ca, make, tokens }: ScenarioWorld): Promise<Result> {
  const { Crypto } = createRequire(join(process.env['P11_FOLDER'] ?? '', 'x.js'))('node-webcrypto-p11') as Pick<Pkcs11IssuerKey, 'Crypto'>
  const result: Result = {}
  for (const kind of ['EC:prime256v1', 'rsa:2048'] as const) {
    const own = await make(`tls-${kind.slice(0, 3)}`, kind)
    const requests: string[] = []
    const issuer = pkcs11Issuer({
      async issue ({ publicKey, privateKey }) {
        const { pem } = await createCertificateRequest(privateKey, { cn: 'ledger', dns: ['localhost'] })
        requests.push(verifyRequest(pem))
        return { cert: await tokens.certify(publicKey, `renewed ${requests.length}`) }
      }
    }, { ...own.key, Crypto })
    const source = await renewingCredentials(issuer, { ca: ca.root })
    const names = [source.current.identity.subject?.commonName]
    const key = source.current.opaqueKey
    await source.refresh()
    names.push(source.current.identity.subject?.commonName)
    const wrong = pkcs11Issuer({ issue: () => ({ cert: own.cert }) }, { ...own.key, pkcs11: 'pkcs11:token=none;object=tls', Crypto })
    const missing = await problemOf(renewingCredentials(wrong, { ca: ca.root, attempts: 1 }))
    const { origin, close } = await serve(source, 'TLSv1.3')
    const agent = new MtlsAgent({ credentials: source, allowedServers: { dns: 'localhost' } })
    result[kind] = { requests, names, isSameKey: key?.equals(source.current.opaqueKey), missing, answer: await ask(agent, origin) }
    await agent.close()
    await close()
    await source.close()
  }
  return result
}

/** What openssl says of a request: its subject, if its signature is right. */
function verifyRequest (pem: string): string {
  return execFileSync('openssl', ['req', '-verify', '-noout', '-subject'], { input: pem, stdio: ['pipe', 'pipe', 'ignore'] }).toString().trim()
}

/** A wrong PIN, tried by the issuer and by the engine. */
async function wrongPinOfIssuer ({ ca, make, pin }: ScenarioWorld): Promise<Result> {
  const { Crypto } = createRequire(join(process.env['P11_FOLDER'] ?? '', 'x.js'))('node-webcrypto-p11') as Pick<Pkcs11IssuerKey, 'Crypto'>
  const own = await make('tls')
  const wrong = { ...own.key, pin: () => `${pin}x` }
  const issuer = pkcs11Issuer({ issue: () => ({ cert: own.cert }) }, { ...wrong, Crypto })
  const issued = await problemOf(renewingCredentials(issuer, { ca: ca.root, attempts: 3, retryFirst: 10 }))
  return { issued, direct: await problemOf(openPkcs11Key(wrong, own.cert)) }
}

export const SCENARIOS: Readonly<Record<string, (world: ScenarioWorld) => Promise<Result>>> = {
  connections, rotation, files, wrongPin, objects, pulled, noModule, ownVariables, renewing, wrongPinOfIssuer
}
