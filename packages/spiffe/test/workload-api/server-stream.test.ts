import { once } from 'node:events'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import type { WorkloadApiError } from '../../src/errors.ts'
import { readEndpoint } from '../../src/workload-api/endpoint.ts'
import type { Endpoint } from '../../src/workload-api/endpoint.ts'
import { openServerStream } from '../../src/workload-api/server-stream.ts'
import type { ServerStream } from '../../src/workload-api/server-stream.ts'
import { frame, startAgent } from '../support/agent.ts'
import { stayAlive } from '../support/world.ts'

interface Opened { readonly stream: ServerStream, readonly messages: Buffer[], readonly ended: Promise<WorkloadApiError>, readonly next: () => Promise<Buffer> }

function open (t: Test, endpoint: Endpoint, clock = new ManualClock()): Opened {
  stayAlive(t)
  const messages: Buffer[] = []
  const waiting: Array<(message: Buffer) => void> = []
  const { promise: ended, resolve } = Promise.withResolvers<WorkloadApiError>()
  const stream = openServerStream({ endpoint, method: '/x', clock, pingInterval: 30_000, pingTimeout: 10_000 }, {
    onMessage (octets) {
      messages.push(octets as Buffer)
      for (const wake of waiting.splice(0)) wake(octets as Buffer)
    },
    onEnd: resolve
  })
  t.teardown(() => { stream.close() })
  return { stream, messages, ended, next: async () => await new Promise((resolve) => { waiting.push(resolve) }) }
}

test('messages arrive over a Unix socket and over TCP', async (t) => {
  for (const at of ['unix', 'tcp'] as const) {
    const agent = await startAgent(t, at)
    const call = agent.nextCall()
    const { next, messages } = open(t, readEndpoint(agent.address))
    await call
    const first = next()
    agent.pushRaw(frame(Buffer.from('one')))
    await first
    const second = next()
    agent.pushRaw(frame(Buffer.from('two')).subarray(0, 6))
    agent.pushRaw(frame(Buffer.from('two')).subarray(6))
    await second
    t.same(messages.map(String), ['one', 'two'])
  }
})

test('a status in the headers, and in the trailers', async (t) => {
  for (const [status, reason] of [[0, 'ended'], [3, 'refused'], [7, 'denied'], [14, 'status'], ['x' as never, 'status']] as const) {
    const agent = await startAgent(t)
    const call = agent.nextCall()
    const running = open(t, readEndpoint(agent.address))
    await call
    agent.answer(status, 'said ä\n')
    const late = await running.ended
    t.match(late, { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', reason }, `trailers: ${String(status)}`)
    const early = await open(t, readEndpoint(agent.address)).ended
    t.match(early, { reason }, `headers: ${String(status)}`)
    if (status !== 0) t.match(early.message, /unix:.* answered with gRPC status \w+: said ä/)
    t.equal(early.message.includes('the agent knows no entry for this process'), reason === 'denied')
  }
})

test('a text of a status does not write into a terminal or a log', async (t) => {
  const agent = await startAgent(t)
  agent.answer(14, '\u001b[2Jbusy\nlevel=info \u202eforged')
  const { message } = await open(t, readEndpoint(agent.address)).ended
  t.match(message, /gRPC status 14: \\u\{1b\}\[2Jbusy\\u\{a\}level=info \\u\{202e\}forged$/)
})

test('nor does one that is not encoded, or is cut', async (t) => {
  const texts = ['100% \u009b2Jbusy', `${'%F0%9F%98%80'.repeat(99)}%1b[2J`, `${'a'.repeat(298)}%1b[2J`]
  const server = createHttp2Server((_request, response) => {
    response.stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': texts.shift() ?? '' }, { endStream: true })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const { port } = server.address() as AddressInfo
  for (const expected of [/14: 100% \\u\{9b\}2Jbusy$/, /14: \u{1f600}{99}\\u\{1b\}\[2J$/u, /14: a{298}\\u\{1b\}\[$/]) {
    t.match(await open(t, { host: '127.0.0.1', port }).ended, { message: expected })
  }
})

test('a text of a status that is not encoded', async (t) => {
  const server = createHttp2Server((_request, response) => {
    response.stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': '100% busy' }, { endStream: true })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const { port } = server.address() as AddressInfo
  t.match(await open(t, { host: '127.0.0.1', port }).ended, { reason: 'status', status: 14, message: /gRPC status 14: 100% busy$/ })
})

test('an agent that stops ends the stream once, whether it says so or not', async (t) => {
  for (const how of ['drop', 'stop'] as const) {
    const agent = await startAgent(t)
    const call = agent.nextCall()
    const { ended } = open(t, readEndpoint(agent.address))
    await call
    await agent[how]()
    t.match(await ended, { reason: /^(ended|unreachable)$/ }, how)
  }
  const agent = await startAgent(t)
  const call = agent.nextCall()
  const { ended } = open(t, readEndpoint(agent.address))
  const stream = await call
  stream.close(8)
  t.match(await ended, { reason: 'unreachable', message: /closed the connection/ }, 'CANCEL closes it with no error event')
  t.match(await open(t, { path: '/nowhere/agent.sock' }).ended, { reason: 'unreachable', message: /unix:\/nowhere\/agent\.sock failed: ENOENT \(there is no such socket\)$/ })
})

test('an agent that says it goes away is left at once: it may keep the connection open', async (t) => {
  const agent = await startAgent(t)
  const call = agent.nextCall()
  const { ended } = open(t, readEndpoint(agent.address))
  let error: WorkloadApiError | undefined
  ended.then((reason) => { error = reason }, () => {})
  const { session } = await call
  session?.goaway(0)
  t.ok(await isSoon(() => error !== undefined))
  t.match(error, { reason: 'ended' })
})

test('bytes that are not gRPC end it', async (t) => {
  for (const [bytes, message] of [[frame(Buffer.from('x'), 1), /compression/], [Buffer.from('<html>'), /compression/], [frame(Buffer.alloc(0), 0, 0xffffffff), /octets; at most/]] as const) {
    const agent = await startAgent(t)
    const call = agent.nextCall()
    const { ended, messages } = open(t, readEndpoint(agent.address))
    await call
    agent.pushRaw(Buffer.concat([frame(Buffer.from('good')), bytes, frame(Buffer.from('late'))]))
    t.match(await ended, { reason: 'protocol', message })
    t.same(messages.map(String), ['good'], 'what comes after it is not read')
  }
})

test('a server that is no Workload API', async (t) => {
  for (const [headers, message] of [
    [{ ':status': 404, 'content-type': 'application/grpc' }, /HTTP status 404/],
    [{ ':status': 200, 'content-type': 'text/html' }, /content type "text\/html", not gRPC/],
    [{ ':status': 200 }, /content type "", not gRPC/]
  ] as const) {
    const server = createHttp2Server((_request, response) => { response.stream.respond(headers) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close() })
    const { port } = server.address() as AddressInfo
    t.match(await open(t, { host: '127.0.0.1', port }).ended, { reason: 'protocol', message })
  }
  const echo = await listen(t, (socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
  t.match(await open(t, echo).ended, { reason: 'unreachable' }, 'HTTP/1.1')
})

async function listen (t: Test, answer: (socket: Socket) => void): Promise<Endpoint> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    answer(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test('a server that accepts and says nothing', async (t) => {
  const accepted = Promise.withResolvers<void>()
  const endpoint = await listen(t, () => { accepted.resolve() })
  const clock = new ManualClock()
  const { ended } = open(t, endpoint, clock)
  await accepted.promise
  clock.advance(10_000)
  t.match(await ended, { reason: 'timeout', message: /did not accept the connection within 10000 ms/ })
  t.equal(clock.waiting, 0)
})

test('an agent that is there answers pings, and one that is stopped does not', async (t) => {
  const clock = new ManualClock()
  const agent = await startAgent(t)
  const pinging = clock.nextTask((delay) => delay === 30_000)
  const { ended, next } = open(t, readEndpoint(agent.address), clock)
  await pinging
  for (let pings = 0; pings < 3; pings++) {
    let isAnswered = false
    clock.nextTask((delay) => delay === 30_000).then(() => { isAnswered = true }, () => {})
    clock.advance(30_000)
    if (!t.ok(await isSoon(() => isAnswered), 'another ping follows')) return
  }
  const message = next()
  agent.pushRaw(frame(Buffer.from('still here')))
  t.equal(String(await message), 'still here')
  clock.advance(30_000)
  clock.advance(10_000)
  t.match(await ended, { reason: 'timeout', message: /did not answer a ping within 10000 ms/ })
  t.equal(clock.waiting, 0)
})

test('close() tells nothing', async (t) => {
  const agent = await startAgent(t)
  const clock = new ManualClock()
  const call = agent.nextCall()
  const { stream, ended } = open(t, readEndpoint(agent.address), clock)
  const closed = once(await call, 'close')
  stream.close()
  stream.close()
  await closed
  t.equal(clock.waiting, 0)
  t.equal(await Promise.race([ended, 'nothing']), 'nothing')
})
