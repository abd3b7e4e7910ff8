import { test } from 'tap'
import type { Test } from 'tap'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { rejection } from '@peerkit/test-support/rejection'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { listen, startServer } from '@peerkit/test-support/listen'
import { MtlsAgent, OutboundOptionError, getServerIdentity } from '../src/index.ts'
import type { MtlsAgentOptions, OriginOptions, ResolveQuestion } from '../src/index.ts'

const { ca, server, credentials } = await createLedger()
const other = await ca.issue({ cn: 'other', ip: '127.0.0.1', spiffe: 'spiffe://prod.example/other' })
const ORIGIN = 'https://ledger.service.invalid'

interface Resolved { readonly agent: MtlsAgent, readonly questions: ResolveQuestion[] }

/** An agent that is told where the ledger is. */
function resolving (
  t: Test, resolve: OriginOptions['resolve'], { origin = {}, ...options }: Partial<MtlsAgentOptions> & { origin?: OriginOptions } = {}
): Resolved {
  const questions: ResolveQuestion[] = []
  const agent = new MtlsAgent({
    credentials,
    ...options,
    origins: {
      [ORIGIN]: {
        allowedServers: { spiffe: LEDGER },
        resolve: (question) => {
          questions.push(question)
          return resolve?.(question) as string
        },
        ...origin
      }
    }
  })
  t.teardown(async () => { await agent.destroy() })
  return { agent, questions }
}

const get = async (agent: MtlsAgent): Promise<string> => {
  return await (await agent.request({ origin: ORIGIN, path: '/entries', method: 'GET' })).body.text()
}

async function start (t: Test, identity = server): Promise<Awaited<ReturnType<typeof startServer>>> {
  const started = await startServer({
    identity,
    handler: (request, response) => {
      const { servername } = request.socket as TLSSocket & { servername: unknown }
      response.setHeader('connection', 'close')
      response.end(JSON.stringify({ host: request.headers.host, servername }))
    }
  })
  t.teardown(async () => { await started.close() })
  return started
}

/** An address where nothing listens. */
async function nowhere (): Promise<string> {
  const free = await listen(createServer())
  await free.close()
  return `https://127.0.0.1:${free.port}`
}

test('a server is called where the resolver says, by its SPIFFE ID and without the name of the origin', async (t) => {
  const ledger = await start(t)
  const { agent, questions } = resolving(t, () => ledger.origin)
  const response = await agent.request({ origin: ORIGIN, path: '/', method: 'GET' })
  t.equal(getServerIdentity(response)?.spiffeId, LEDGER)
  t.same(await response.body.json(), { host: 'ledger.service.invalid', servername: false }, 'no SNI for an address')
  t.match(questions, [{ origin: ORIGIN, signal: AbortSignal }])
  const named = resolving(t, () => `https://localhost:${ledger.port}`)
  t.match(JSON.parse(await get(named.agent)), { servername: 'localhost' }, 'the name of the address')
  const fixed = resolving(t, () => ledger.origin, { origin: { servername: 'ledger.internal' } })
  t.match(JSON.parse(await get(fixed.agent)), { servername: 'ledger.internal' })
})

test('rules by name are about the origin, wherever it is', async (t) => {
  const ledger = await start(t)
  const agent = new MtlsAgent({
    credentials,
    origins: {
      'https://localhost': { resolve: () => ledger.origin },
      [ORIGIN]: { resolve: () => `https://localhost:${ledger.port}` }
    }
  })
  t.teardown(async () => { await agent.close() })
  const { body } = await agent.request({ origin: 'https://localhost', path: '/', method: 'GET' })
  t.match(await body.json(), { servername: 'localhost' })
  t.match(await rejection(get(agent)), {
    code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name', expected: 'a certificate for ledger.service.invalid'
  }, 'the resolver cannot choose who may answer')
})

test('an answer is used for a time, and an address that moved is asked for at once', async (t) => {
  let now = Date.now()
  const [first, second] = [await start(t), await start(t)]
  let at = first.origin
  const { agent, questions } = resolving(t, async () => at, { now: () => now, origin: { resolveTtl: 5_000 } })
  for (let call = 0; call < 3; call++) await get(agent)
  t.equal(questions.length, 1)
  at = second.origin
  await get(agent)
  t.same([first.seen.length, second.seen.length], [4, 0], 'the old address still answers')
  now += 5_000
  await get(agent)
  t.same([questions.length, second.seen.length], [2, 1])
  at = first.origin
  await second.close()
  await get(agent)
  t.same([questions.length, first.seen.length], [3, 5], 'moved before the time was up')
  const always = resolving(t, () => first.origin, { origin: { resolveTtl: 0 } })
  await get(always.agent)
  await get(always.agent)
  t.equal(always.questions.length, 2)
})

test('addresses are tried in order, and one that failed comes last', async (t) => {
  const ledger = await start(t)
  const deaf = await listen(createServer())
  t.teardown(async () => { await deaf.close() })
  const gone = await nowhere()
  const { agent, questions } = resolving(
    t, () => [gone, `https://127.0.0.1:${deaf.port}`, ledger.origin], { connectTimeout: 600 }
  )
  await get(agent)
  await get(agent)
  t.equal(questions.length, 1)
  t.equal(deaf.accepted(), 1, 'an address that is deaf leaves time for the others, and is asked once')
  t.equal(ledger.seen.length, 2)
})

test('addresses that all failed are forgotten: the next call does not try them again', async (t) => {
  const ledger = await start(t)
  const dead = await listen(createServer((socket) => { socket.destroy() }))
  t.teardown(async () => { await dead.close() })
  let answers = [`https://127.0.0.1:${dead.port}`]
  const { agent, questions } = resolving(t, () => answers)
  t.match(await rejection(get(agent)), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE' })
  answers = [ledger.origin]
  await get(agent)
  t.same([dead.accepted(), questions.length], [1, 2])
})

test('another workload at the address gets no request, and is passed over', async (t) => {
  const [ledger, squatter] = [await start(t), await start(t, other)]
  const alone = resolving(t, () => squatter.origin)
  t.match(await rejection(get(alone.agent)), {
    code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules', found: /spiffe:\/\/prod\.example\/other/
  })
  t.equal(alone.questions.length, 1, 'the answer was new')
  await rejection(get(alone.agent))
  t.equal(alone.questions.length, 2, 'and is not used again')
  const gone = await nowhere()
  const several = resolving(t, () => [squatter.origin, gone, ledger.origin])
  await get(several.agent)
  t.match(await rejection(get(resolving(t, () => [squatter.origin, gone]).agent)), {
    code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER'
  }, 'that another server answered says more than that none did')
  t.same([squatter.seen, ledger.seen], [[], ['/entries']])
})

test('a resolver that fails, or answers badly, is the reason of the error', async (t) => {
  const unreachable = { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', origin: ORIGIN }
  const cases: Array<[() => unknown, object]> = [
    [() => { throw new Error('the registry is away') }, { message: /the resolver failed: the registry is away$/, retryable: true }],
    [async () => { throw new Error('no such service') }, { message: /the resolver failed: no such service$/, retryable: true }],
    [() => [], { message: /the resolver gave no address$/, retryable: true }],
    [() => { throw new Error('x'.repeat(100_000)) }, { message: /the resolver failed: x{299}…$/, retryable: true }],
    ...[undefined, null, 5, '', new Array(2), '10.0.0.7:8443', 'http://10.0.0.7', 'https://a@b', ['https://10.0.0.7/path'], [5]].map(
      (answer): [() => unknown, object] => [() => answer, { message: /the resolver gave .*; expected an address such as/, retryable: false }]
    )
  ]
  for (const [resolve, expected] of cases) {
    const { agent, questions } = resolving(t, resolve as OriginOptions['resolve'])
    t.match(await rejection(get(agent)), { ...unreachable, reason: 'network', ...expected }, String(resolve))
    await rejection(get(agent))
    t.equal(questions.length, 2, 'it is asked again')
  }
})

test('the last addresses are used while the resolver fails', async (t) => {
  let now = Date.now()
  let fails = false
  const ledger = await start(t)
  const { agent, questions } = resolving(t, () => {
    if (fails) throw new Error('the registry is away')
    return ledger.origin
  }, { now: () => now })
  await get(agent)
  fails = true
  now += 30_000
  await get(agent)
  await get(agent)
  t.equal(questions.length, 2, 'and it is asked again after a time only')
  await ledger.close()
  t.match(await rejection(get(agent)), { reason: 'network', message: /ECONNREFUSED/ })
  t.match(await rejection(get(agent)), { message: /ECONNREFUSED/ }, 'they are kept: the server may come back')
  t.equal(questions.length, 4, 'and each failure asks again')
})

test('a resolver that never answers ends with the connection, and with the agent', async (t) => {
  const never = async (): Promise<string> => await new Promise(() => {})
  const { agent, questions } = resolving(t, never, { connectTimeout: 100 })
  const held = setInterval(() => {}, 1_000)
  t.teardown(() => { clearInterval(held) })
  const [one, two] = await Promise.all([rejection(get(agent)), rejection(get(agent))])
  for (const error of [one, two]) {
    t.match(error, { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'timeout', message: /no answer within 50 ms/ })
  }
  t.equal(questions.length, 1, 'connections of one moment share a question')
  t.equal(questions[0]?.signal.aborted, true)
  const slow = resolving(t, never)
  const call = rejection(get(slow.agent))
  const [question] = slow.questions
  const aborted = question === undefined ? undefined : once(question.signal, 'abort')
  await slow.agent.destroy()
  await aborted
  t.ok(await call, 'the request ends')
})

test('options of resolvers are checked', async (t) => {
  const resolve = (): string => 'https://127.0.0.1'
  const cases: Array<[object, RegExp]> = [
    [{ resolve: 'https://127.0.0.1' }, /\.resolve is "https:\/\/127\.0\.0\.1"; expected a function/],
    [{ resolve, resolveTtl: -1 }, /\.resolveTtl is -1; expected milliseconds/],
    [{ resolveTtl: 1 }, /found resolveTtl without resolve; expected both/],
    [{ resolve, socketPath: '/run/x' }, /found resolve and socketPath; expected only one of them/]
  ]
  for (const [own, message] of cases) {
    t.throws(() => new MtlsAgent({ credentials, origins: { [ORIGIN]: own as OriginOptions } }), { message })
  }
  t.throws(() => new MtlsAgent({ credentials, origins: { [ORIGIN]: { resolveTtl: 1 } } }), OutboundOptionError)
})

test('a proxy is given the address too', async (t) => {
  const ledger = await start(t)
  const asked: string[] = []
  const proxy = createServer((socket) => {
    socket.on('error', () => {}).once('data', (head) => {
      asked.push(String(head).split(' ', 2)[1] as string)
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
  })
  const listening = await listen(proxy)
  t.teardown(async () => { await listening.close() })
  const uri = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const { agent } = resolving(t, () => ledger.origin, { origin: { proxy: uri } })
  t.match(await rejection(get(agent)), { reason: 'proxy' })
  t.same(asked, [`127.0.0.1:${ledger.port}`])
})
