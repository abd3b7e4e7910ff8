// Every kind of name x {inside its bound, outside, not mentioned} x {inbound, resumed, outbound, forwarded}: an authority vouches for its own names only (docs/threat-model.md, number 12).
import { request } from 'node:https'
import { createServer } from 'node:https'
import { once } from 'node:events'
import { memoryCredentials } from '@peerkit/credentials'
import type { AuthorityMaterial } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssueOptions, IssuedCertificate } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import type { AllowRule } from '@peerkit/rules'
import { MtlsAgent } from '@peerkit/undici-mtls'
import Fastify from 'fastify'
import { test } from 'tap'

const [ours, partner] = [await createDevCa({ name: 'Internal CA' }), await createDevCa({ name: 'Partner CA' })]
const own = await ours.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1', spiffe: 'spiffe://prod.example/ledger' })
const gateway = await ours.issue({ cn: 'gateway', dns: 'gateway.prod.example' })

interface Kind {
  readonly kind: string
  readonly bound: object
  readonly inside: IssueOptions
  readonly outside: IssueOptions
  /** Matches the name that is inside. */
  readonly rule: AllowRule
}

/** Of each kind that rules can ask for: what the partner may claim, and what our own peers are called. */
const KINDS: readonly Kind[] = [
  { kind: 'subject', bound: { subject: { o: 'Partner' } }, inside: { o: 'Partner', cn: 'web' }, outside: { o: 'Example', cn: 'web' }, rule: { o: 'Partner' } },
  { kind: 'subject, a second value', bound: { subject: { o: 'Partner' } }, inside: { o: 'Partner', cn: 'web' }, outside: { o: ['Partner', 'Example'], cn: 'web' }, rule: { o: 'Partner' } },
  { kind: 'spiffe', bound: { spiffe: 'spiffe://partner.example' }, inside: { spiffe: 'spiffe://partner.example/web' }, outside: { spiffe: 'spiffe://prod.example/web' }, rule: { spiffe: 'spiffe://partner.example/web' } },
  { kind: 'dns', bound: { dns: 'partner.example' }, inside: { dns: 'web.partner.example' }, outside: { dns: ['web.partner.example', 'web.prod.example'] }, rule: { dns: 'web.partner.example' } },
  { kind: 'uri', bound: { uri: 'https://partner.example' }, inside: { uri: 'https://partner.example/web' }, outside: { uri: 'https://prod.example/web' }, rule: { uri: 'https://partner.example/web' } },
  { kind: 'email', bound: { email: 'partner.example' }, inside: { email: 'bob@partner.example' }, outside: { email: 'bob@prod.example' }, rule: { email: 'bob@partner.example' } },
  { kind: 'ip', bound: { ip: '192.0.2.0/24' }, inside: { ip: '192.0.2.7' }, outside: { ip: '198.51.100.7' }, rule: { ip: '192.0.2.0/24' } },
  { kind: 'policy', bound: { policy: '1.2.3.4' }, inside: { policies: ['1.2.3.4'] }, outside: { policies: ['1.2.3.4', '1.2.3.5'] }, rule: { policy: '1.2.3.4' } },
  { kind: 'upn', bound: { upn: 'partner.example' }, inside: { upn: 'bob@partner.example' }, outside: { upn: ['bob@partner.example', 'bob@prod.example'] }, rule: { upn: 'bob@partner.example' } },
  { kind: 'upn, another otherName', bound: { upn: 'partner.example' }, inside: { upn: 'bob@partner.example' }, outside: { upn: 'bob@partner.example', otherName: { oid: '1.2.3', value: 'bob@partner.example' } }, rule: { otherName: { oid: '1.3.6.1.4.1.311.20.2.3', value: 'bob@partner.example' } } },
  { kind: 'directory name', bound: { subject: { o: 'Partner' } }, inside: { directoryName: [{ type: 'O', value: 'Partner' }] }, outside: { directoryName: [{ type: 'O', value: 'Example' }] }, rule: { directoryName: { o: 'Partner' } } },
  { kind: 'registeredId', bound: { registeredId: '1.2.3.4' }, inside: { registeredId: '1.2.3.4' }, outside: { registeredId: ['1.2.3.4', '1.2.3.5'] }, rule: { registeredId: '1.2.3.4' } },
  { kind: 'qualified', bound: { qualified: { authority: 'DE-BAFIN', roles: 'PSP_AI' } }, inside: { qualified: { psd2: { roles: 'PSP_AI', authority: 'DE-BAFIN' } } }, outside: { qualified: { psd2: { roles: ['PSP_AI', 'PSP_PI'], authority: 'DE-BAFIN' } } }, rule: { qualified: { psd2: { roles: 'PSP_AI' } } } },
  { kind: 'qualified, malformed', bound: { qualified: { type: 'web' } }, inside: { qualified: { type: 'web' } }, outside: { extensions: [{ oid: '1.3.6.1.5.5.7.1.3', value: Buffer.from('30020500', 'hex') }] }, rule: { qualified: { type: 'web' } } },
  { kind: 'admission', bound: { admission: { profession: '1.2.3.4' } }, inside: { admission: { professionOid: '1.2.3.4', registrationNumber: '1' } }, outside: { admission: [{ professionOid: '1.2.3.4' }, { professionOid: '1.2.3.5' }] }, rule: { admission: { profession: '1.2.3.4' } } }
]
const elsewhere = ({ bound }: Kind): object => 'upn' in bound ? { policy: '1.9.9' } : { upn: 'never.example' }

const authoritiesOf = (names: object): Record<string, AuthorityMaterial> => ({
  internal: { ca: ours.root, names: 'any' }, partner: { ca: partner.root, names: names as never }
})

/** A service that lets in whoever has the name, and, by another route, whoever does not. */
async function serve (t: any, names: object, { rule }: Kind): Promise<number> {
  const credentials = memoryCredentials({ cert: own.chain, key: own.key, authorities: authoritiesOf(names) })
  const app = Fastify(withMtls(credentials))
  t.after(async () => {
    await app.close()
    await credentials.close()
  })
  const isGateway = ({ subject }: PeerIdentity): { allowed: boolean } => ({ allowed: subject?.commonName === 'gateway' })
  await app.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { identity: { authorize: isGateway } } } })
  await app.register(fastifyAllowedClients)
  app.get('/name', { config: { allowedClients: [rule] } }, async () => 'ok')
  app.get('/not', { config: { allowedClients: [{ authority: ['partner', 'internal'], not: rule }] } }, async () => 'ok')
  app.get('/authority', { config: { allowedClients: [{ authority: 'partner' }] } }, async () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as { port: number }).port
}

interface Ask { readonly path: string, readonly client: IssuedCertificate, readonly headers?: Record<string, string>, readonly session?: Buffer | undefined }

/** The status, or nothing where no answer came; and the session, to resume. */
async function ask (port: number, { path, client, headers = {}, session }: Ask): Promise<{ status: number | undefined, session: Buffer | undefined }> {
  const sent = request({ port, host: '127.0.0.1', path, headers, ca: ours.root, cert: client.chain, key: client.key, agent: false, maxVersion: 'TLSv1.2', ...(session !== undefined && { session }) })
  let next: Buffer | undefined
  sent.on('socket', (socket) => { socket.on('session', (ticket: Buffer) => { next = ticket }) })
  return await new Promise((resolve) => {
    sent.on('response', (response) => { response.resume().on('end', () => { resolve({ status: response.statusCode, session: next }) }) })
    sent.on('error', () => { resolve({ status: undefined, session: next }) })
    sent.end()
  })
}

const forwardedBy = (client: IssuedCertificate): Ask['headers'] & object => ({ 'client-cert': `:${Buffer.from(client.der).toString('base64')}:` })

/** What each way of coming in says to /name, /not and /authority. */
async function askEach (port: number, client: IssuedCertificate): Promise<Record<string, readonly unknown[]>> {
  const paths = ['/name', '/not', '/authority']
  const direct = await Promise.all(paths.map(async (path) => await ask(port, { path, client })))
  const [{ session } = { session: undefined }] = direct
  const resumed = await Promise.all(paths.map(async (path) => await ask(port, { path, client, session })))
  const forwarded = await Promise.all(paths.map(async (path) => await ask(port, { path, client: gateway, headers: forwardedBy(client) })))
  return { direct: direct.map(({ status }) => status), resumed: resumed.map(({ status }) => status), forwarded: forwarded.map(({ status }) => status) }
}

for (const entry of KINDS) {
  test(`inbound and forwarded: ${entry.kind}`, async (t) => {
    const [inside, outside] = [await partner.issue({ serialNumber: '0a', ...entry.inside }), await partner.issue({ serialNumber: '0b', ...entry.outside })]
    const bounded = await serve(t, entry.bound, entry)
    t.strictSame(await askEach(bounded, inside), { direct: [200, 403, 200], resumed: [200, 403, 200], forwarded: [200, 403, 200] }, 'inside')
    const none = [undefined, undefined, undefined]
    t.strictSame(await askEach(bounded, outside), { direct: none, resumed: none, forwarded: [401, 401, 401] }, 'outside')
    // Rules that no authority for the partner could satisfy still may be satisfied by our own.
    const silent = await serve(t, elsewhere(entry), entry)
    t.strictSame(await askEach(silent, inside), { direct: [403, 403, 200], resumed: [403, 403, 200], forwarded: [403, 403, 200] }, 'not mentioned: neither the rule nor its negation')
    t.strictSame(await askEach(silent, await ours.issue({ ...entry.inside })), { direct: [200, 403, 403], resumed: [200, 403, 403], forwarded: [200, 403, 403] }, 'our own are believed')
  })

  test(`outbound: ${entry.kind}`, async (t) => {
    const start = async (issue: IssueOptions): Promise<string> => {
      const identity = await partner.issue({ ...issue, dns: ['localhost', ...[issue.dns ?? []].flat()] })
      const server = createServer({ cert: identity.chain, key: identity.key, ca: ours.root, requestCert: true }, (_request, response) => { response.end('ok') }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.teardown(async () => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      })
      return `https://localhost:${(server.address() as { port: number }).port}`
    }
    const call = async (names: object, origin: string, rule: AllowRule): Promise<string> => {
      const credentials = memoryCredentials({ cert: own.chain, key: own.key, authorities: authoritiesOf(names) })
      const agent = new MtlsAgent({ credentials, allowedServers: [rule] })
      try {
        const { statusCode, body } = await agent.request({ origin, path: '/', method: 'GET' })
        await body.dump()
        return String(statusCode)
      } catch (error) {
        const { code, reason } = error as { code?: string, reason?: string }
        return `${code ?? ''} ${reason ?? ''}`
      } finally {
        await agent.close()
      }
    }
    // A server that has a SPIFFE ID has no other URI.
    const dns = [...[(entry.bound as { dns?: string }).dns ?? []].flat(), 'localhost']
    const [inside, outside] = [await start(entry.inside), await start(entry.outside)]
    t.equal(await call({ ...entry.bound, dns }, inside, entry.rule), '200')
    t.equal(await call({ ...entry.bound, dns }, outside, entry.rule), 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED outside_authority')
    t.equal(await call({ ...elsewhere(entry), ...entry.kind !== 'dns' && { dns: 'localhost' } }, inside, entry.rule), `MTLS_ERR_OUTBOUND_WRONG_SERVER ${entry.kind === 'dns' ? 'host_name' : 'rules'}`)
  })
}

test('inbound and forwarded: an extension that the authority does not vouch for is unknown', async (t) => {
  const rule: AllowRule = { extension: { oid: '1.2.3.4', value: 'blue' } }
  const entry: Kind = { kind: 'extension', bound: {}, inside: {}, outside: {}, rule }
  const client = await partner.issue({ cn: 'web', extensions: [{ oid: '1.2.3.4', value: 'blue' }, { oid: '1.2.3.5', value: 'blue' }] })
  for (const [names, expected] of [
    [{ extension: '1.2.3.4' }, [200, 403, 200]], [{ extension: 'any' }, [200, 403, 200]], ['any', [200, 403, 200]],
    [{ extension: '1.2.3.5' }, [403, 403, 200]], [{ subject: 'any' }, [403, 403, 200]]
  ] as const) {
    const port = await serve(t, names as object, entry)
    t.strictSame(await askEach(port, client), { direct: expected, resumed: expected, forwarded: expected }, JSON.stringify(names))
  }
})
