import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import type { TimedCredentials } from '@peerkit/credentials'
import { createCertificateRequest } from '@peerkit/issuers'
import type { RequestedNames } from '@peerkit/issuers'
import { kubernetesIssuer } from '@peerkit/issuers/kubernetes'
import type { KubernetesIssuerOptions } from '@peerkit/issuers/kubernetes'
import { CaseWorld } from '../../src/test/issuer-world.ts'
import { startStandIn } from '../support/https-server.ts'
import { failure, startKubernetes } from '../support/stand-in-kubernetes.ts'
import type { Answer, KubernetesStandIn } from '../support/stand-in-kubernetes.ts'

interface Setup {
  readonly server: KubernetesStandIn
  readonly world: CaseWorld
  start (): Promise<TimedCredentials>
}

async function setUp (t: Test, answer: Answer = () => undefined, more: Partial<KubernetesIssuerOptions> = {}): Promise<Setup> {
  const world = await CaseWorld.create()
  const server = await startKubernetes(world, answer)
  t.teardown(server.close)
  const { url, serviceAccount } = server
  const issuer = kubernetesIssuer({ url, serviceAccount, signerName: 'mesh.example/service', names: { cn: 'ledger' }, ...more })
  return {
    server,
    world,
    async start () {
      const source = await renewingCredentials(issuer, { attempts: 1, ca: world.root })
      t.teardown(async () => { await source.close() })
      return source
    }
  }
}

/** A request of another key, for other names. */
async function requestFor (names: RequestedNames): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return (await createCertificateRequest(privateKey, names)).pem
}

async function failureOf (work: Promise<unknown>): Promise<any> {
  return await work.then(() => { throw new Error('it should have failed') }, (error) => error)
}

const forbidden = (verb: string): ReturnType<typeof failure> => failure(403, 'Forbidden', 'certificatesigningrequests.certificates.k8s.io is forbidden: ' +
  `User "system:serviceaccount:prod:ledger" cannot ${verb} resource "certificatesigningrequests" in API group "certificates.k8s.io" at the cluster scope`)

test('the request object says what was asked for, and is removed', async (t) => {
  const { start, server } = await setUp(t, undefined, {
    generateName: 'ledger-', lifetime: 3_600_000, usages: ['client auth'], labels: { app: 'ledger' }, annotations: { 'mesh.example/team': 'payments' }
  })
  await start()
  t.match(server.received[0], {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { generateName: 'ledger-', labels: { app: 'ledger' }, annotations: { 'mesh.example/team': 'payments' } },
      spec: { signerName: 'mesh.example/service', expirationSeconds: 3_600, usages: ['client auth'] }
    }
  })
  t.equal(server.objects.size, 0)
  const plain = await setUp(t)
  await plain.start()
  const { metadata, spec } = plain.server.received[0]?.body
  t.same(Object.keys(metadata), ['generateName'])
  t.same(Object.keys(spec), ['request', 'signerName', 'usages'])
})

test('Denied and Failed are told with their reasons, and the object is removed', async (t) => {
  for (const [type, reason, word] of [['Denied', 'denied', 'was denied'], ['Failed', 'refused', 'failed']] as const) {
    const { start, server } = await setUp(t, ({ method }, { objects }) => {
      if (method !== 'GET') return undefined
      const [object] = objects.values()
      const conditions = [{ type, status: 'True', reason: 'NotYours', message: 'ledger may not have this name' }]
      return { body: { ...object, status: { conditions } } }
    })
    t.match(await failureOf(start()), { cause: { reason, message: new RegExp(`for the signer mesh\\.example/service ${word}: NotYours: ledger may not have this name`) } })
    t.equal(server.objects.size, 0)
  }
  const { start } = await setUp(t, ({ method }, { objects }) => {
    const [object] = objects.values()
    return method === 'GET' ? { body: { ...object, status: { conditions: [{ type: 'Denied', status: 'True' }] } } } : undefined
  })
  t.match(await failureOf(start()), { cause: { message: /was denied: no reason: no message/ } })
})

test('nobody approves, or nobody signs', async (t) => {
  for (const [conditions, message] of [[[], /was approved by nobody within 120 ms/], [[{ type: 'Approved', status: 'True' }], /is approved, and no signer signed it within 120 ms/]] as const) {
    const { start, server } = await setUp(t, ({ method }, { objects }) => {
      const [object] = objects.values()
      return method === 'GET' ? { body: { ...object, status: { conditions } } } : undefined
    }, { waitFor: 120 })
    t.match(await failureOf(start()), { cause: { reason: 'unavailable', message } })
    t.equal(server.objects.size, 0)
  }
})

test('a missing right is told as the verb and the resource of a role', async (t) => {
  for (const [verb, method] of [['create', 'POST'], ['get', 'GET']] as const) {
    const { start } = await setUp(t, (received) => received.method === method ? forbidden(verb) : undefined)
    t.match(await failureOf(start()), {
      cause: {
        reason: 'denied', status: 403, message: new RegExp(`the service account lacks the verb "${verb}" for certificatesigningrequests in the API group certificates\\.k8s\\.io; it says: .*system:serviceaccount:prod:ledger`)
      }
    })
  }
  const { start, server } = await setUp(t, ({ method }) => method === 'DELETE' ? forbidden('delete') : undefined)
  t.ok(await start(), 'a certificate is good although its request stays')
  t.equal(server.objects.size, 1)
})

test('other refusals of the API server', async (t) => {
  const cases: ReadonlyArray<readonly [reply: ReturnType<typeof failure>, expected: object]> = [
    [failure(403, 'Forbidden', 'admission webhook "names.example" denied the request: no'), { reason: 'denied', message: /the request was not admitted; it says: admission webhook/ }],
    [failure(422, 'Invalid', 'spec.expirationSeconds: Invalid value: 1'), { reason: 'refused', message: /the request is not accepted; it says: spec\.expirationSeconds/ }],
    [failure(404, 'NotFound', 'the server could not find the requested resource'), { reason: 'refused', message: /answered 404: it is not there; it says/ }],
    [{ status: 403, body: '<html>' }, { reason: 'denied', message: /lacks the verb "create"[^;]*$/ }],
    [{ status: 429, headers: { 'retry-after': '7' } }, { reason: 'rate_limited', retryAfter: 7_000 }],
    [{ status: 500 }, { reason: 'unavailable' }],
    [{ status: 201, body: '[]' }, { reason: 'answer', message: /answered with no JSON object/ }],
    [{ status: 201, body: { metadata: { name: '../../secrets/root', uid: 'a' } } }, { reason: 'answer', message: /the answer has name "\.\.\/\.\.\/secrets\/root"/ }],
    [{ status: 201, body: { metadata: { name: 'a' } } }, { reason: 'answer', message: /uid undefined|uid/ }]
  ]
  for (const [reply, cause] of cases) {
    const { start, server } = await setUp(t, ({ method }) => method === 'POST' ? reply : undefined)
    t.match(await failureOf(start()), { cause })
    t.equal(server.received.length, 1)
  }
})

test('the token: read for each call, in no error, sent to nobody else', async (t) => {
  const { start, server } = await setUp(t)
  const source = await start()
  server.setToken('eyJhbGciOiJSUzI1NiJ9.second.token')
  await source.refresh()
  t.match(server.received.at(-1)?.headers, { authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.second.token' })
  writeFileSync(join(server.serviceAccount, 'token'), 'eyJhbGciOiJSUzI1NiJ9.stolen.token')
  t.match(await failureOf(source.refresh()), { cause: { reason: 'denied', status: 401, message: /the token in .*peerkit-kubernetes-\w+ is not accepted; it says: Unauthorized/ } })

  const elsewhere = await startStandIn(() => ({ body: {} }))
  t.teardown(elsewhere.close)
  const redirecting = await setUp(t, () => ({ status: 302, headers: { location: elsewhere.url } }))
  t.match(await failureOf(redirecting.start()), { cause: { reason: 'answer', status: 302 } })
  t.same(elsewhere.received, [])

  for (const status of [400, 403, 500]) {
    const echoing = await setUp(t, ({ headers }) => failure(status, 'Echo', `you sent ${String(headers.authorization)}`))
    const error = await failureOf(echoing.start())
    t.match(error.cause.message, 'you sent Bearer …')
    t.notMatch(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error), /first\.token/)
  }
})

test('the files of the service account', async (t) => {
  const { start, server } = await setUp(t)
  const token = join(server.serviceAccount, 'token')
  const ca = join(server.serviceAccount, 'ca.crt')
  const right = readFileSync(token, 'utf8')
  for (const [text, found] of [['', 'nothing'], ['two words', 'more than one word'], ['a\r\nx-admin: yes', 'more than one word']] as const) {
    writeFileSync(token, text)
    const error = await failureOf(start())
    t.match(error, { cause: { reason: 'refused', message: new RegExp(`serviceAccount \\(.*token\\): found ${found}; expected a token`) } })
    t.notMatch(String(error.cause.stack), 'x-admin')
  }
  writeFileSync(token, right)
  writeFileSync(ca, '')
  t.match(await failureOf(start()), { cause: { message: /serviceAccount \(.*ca\.crt\): found no certificate; expected PEM certificates/ } })
  const other = await startStandIn(() => ({ body: {} }))
  t.teardown(other.close)
  writeFileSync(ca, other.root)
  t.match(await failureOf(start()), { cause: { reason: 'unreachable' } })
  t.same(server.received, [], 'an API server of another CA gets no token')
})

test('an object that somebody replaced, and what is no certificate', async (t) => {
  const cases = [
    [{ metadata: { uid: 'another' } }, { reason: 'refused', message: /was replaced by another one before it was signed/ }],
    [{ status: { certificate: 'bm90aGluZw==' } }, { reason: 'answer', message: /has the certificate "bm90aGluZw=="; expected PEM in base64/ }],
    [{ status: { certificate: 7 } }, { reason: 'answer', message: /has the certificate .*; expected PEM in base64/ }]
  ] as const
  for (const [change, cause] of cases) {
    const { start } = await setUp(t, ({ method }, { objects }) => {
      const [object] = objects.values()
      return method === 'GET' ? { body: { ...object, ...change, metadata: { ...object.metadata, ...(change as { metadata?: object }).metadata } } } : undefined
    })
    t.match(await failureOf(start()), { cause })
  }
})

test('a signer that signs for another name', async (t) => {
  const world = await CaseWorld.create()
  const answer = await world.answer(await requestFor({ cn: 'admin' }))
  const certificate = Buffer.from(answer.type === 'issued' ? answer.leaf : '').toString('base64')
  const { start, server } = await setUp(t, ({ method }, { objects }) => {
    return method === 'GET' ? { body: { ...[...objects.values()][0], status: { certificate } } } : undefined
  })
  t.match(await failureOf(start()), { cause: { reason: 'answer', message: /the certificate lacks names\.cn "ledger"; expected all that were asked for/ } })
  t.equal(server.objects.size, 0)
})

test('a source that is closed while nobody approves removes its request', async (t) => {
  let removed = (): void => {}
  const isRemoved = new Promise<void>((resolve) => { removed = resolve })
  let looked = (): void => {}
  const isLookedAt = new Promise<void>((resolve) => { looked = resolve })
  let isSigning = true
  const { start, server } = await setUp(t, ({ method }, { objects }) => {
    if (method === 'DELETE' && !isSigning) removed()
    if (method !== 'GET' || isSigning) return undefined
    looked()
    return { body: { ...[...objects.values()][0], status: {} } }
  })
  const source = await start()
  isSigning = false
  const refreshed = source.refresh().catch((error) => error)
  await isLookedAt
  await source.close()
  t.match(await refreshed, { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
  await isRemoved
  t.match(server.received.at(-1), { method: 'DELETE' })
})

test('the CAs of the signer', async (t) => {
  const ca = join(t.testdir({ 'ca.pem': 'nothing' }), 'ca.pem')
  const { start, world } = await setUp(t, undefined, { ca })
  t.match(await failureOf(start()), { cause: { reason: 'refused', message: /ca \(.*ca\.pem\): found no certificate; expected PEM certificates/ } })
  writeFileSync(ca, world.root)
  t.equal((await start()).current.ca.length, 1)
})
