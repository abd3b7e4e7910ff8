import { EventEmitter } from 'node:events'
import { createConnection, createServer as createTcpServer } from 'node:net'
import type { Socket } from 'node:net'
import { TLSSocket, createServer } from 'node:tls'
import { explainedChains } from '@peerkit/identity/internal'
import { test } from 'tap'
import {
  canMeetTlsSockets,
  hasPresentedChain,
  keepPresentedChain,
  meetTlsSocket,
  rememberRawSocket,
  resetConnection,
  takePresentedChain
} from '../src/handshake/node-internals.ts'

interface Fake {
  readonly socket: TLSSocket
  readonly reads: { count: number }
}

/** A TLS socket that shows a chain of so many certificates, each by its number. */
function fakeSocket (length: number, { reused = false, verifyError = null as unknown, handle = true } = {}): Fake {
  const reads = { count: 0 }
  const link = (number: number): object | undefined =>
    number >= length
      ? undefined
      : {
          raw: Buffer.of(number),
          get issuerCertificate () {
            return link(number + 1)
          }
        }
  const socket = Object.assign(new EventEmitter(), {
    isSessionReused: () => reused,
    getPeerX509Certificate: () => {
      reads.count += 1
      return link(0)
    },
    ...(handle && { _handle: { verifyError: () => verifyError } })
  })
  return { socket: socket as unknown as TLSSocket, reads }
}

const bytes = (...numbers: readonly number[]): Buffer[] => numbers.map((number) => Buffer.of(number))

test('this version of Node shows TLS sockets before it looks at them', async (t) => {
  t.equal(canMeetTlsSockets(), true)
  t.equal(canMeetTlsSockets(), true, 'it is tried once')
})

test('the socket of a connection is met before Node listens to it, and no other socket is', async (t) => {
  const server = createServer({}).on('tlsClientError', () => {})
  const met: TLSSocket[] = []
  const listeners: number[] = []
  const raw = createConnection({ port: await openPort(t) })
  raw.on('error', () => {})
  const inside: TLSSocket[] = []
  const taken = meetTlsSocket(
    () => {
      const handled = server.emit('connection', raw)
      const other = new TLSSocket(raw)
      inside.push(other)
      other.on('secure', () => {}).on('error', () => {})
      return handled
    },
    (socket) => {
      met.push(socket)
      listeners.push(socket.listenerCount('secure'))
    }
  )
  t.equal(taken, true)
  t.equal(met.length, 1)
  t.equal(met.includes(inside[0]!), false)
  t.strictSame(listeners, [0])
  t.ok(met[0]!.listenerCount('secure') > 0)
  const later = new TLSSocket(raw)
  later.on('secure', () => {}).on('error', () => {})
  t.equal(met.length, 1, 'and none after the event')
  for (const socket of [...met, ...inside, later]) socket.on('error', () => {}).destroy()
  raw.destroy()
})

test('a listener that throws within the event leaves nobody waiting for a socket', async (t) => {
  const met: TLSSocket[] = []
  t.throws(
    () =>
      meetTlsSocket(
        () => {
          throw new Error('broken')
        },
        (socket) => {
          met.push(socket)
        }
      ),
    { message: 'broken' }
  )
  const raw = createConnection({ port: await openPort(t) })
  raw.on('error', () => {})
  const socket = new TLSSocket(raw)
  socket.on('secure', () => {}).on('error', () => {})
  t.strictSame(met, [])
  socket.destroy()
  raw.destroy()
})

test('of a full handshake that OpenSSL accepted the whole chain is kept, and given away once', async (t) => {
  const { socket, reads } = fakeSocket(3)
  keepPresentedChain(socket, () => undefined)
  t.equal(reads.count, 1)
  t.strictSame(takePresentedChain(socket), { leaf: Buffer.of(0), sent: bytes(1, 2) })
  t.equal(reads.count, 1)
})

test('of a resumed session there is the leaf alone', async (t) => {
  const { socket, reads } = fakeSocket(3, { reused: true })
  keepPresentedChain(socket, () => explainedChains)
  t.equal(reads.count, 0)
  t.strictSame(takePresentedChain(socket), { leaf: Buffer.of(0), sent: [] })
})

test('what OpenSSL refused is read only where somebody wants to know more', async (t) => {
  const { socket, reads } = fakeSocket(3, { verifyError: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }) })
  const codes: string[] = []
  keepPresentedChain(socket, (code) => {
    codes.push(code)
    return undefined
  })
  t.strictSame(codes, ['CERT_HAS_EXPIRED'], 'who is asked is told what OpenSSL says')
  t.equal(reads.count, 0)
  t.strictSame(takePresentedChain(socket), { leaf: Buffer.of(0), sent: [] })
  const wanted = fakeSocket(3, { verifyError: new Error('unknown CA') }).socket
  keepPresentedChain(wanted, () => explainedChains)
  t.match(takePresentedChain(wanted), { sent: bytes(1, 2) })
  const blind = fakeSocket(3, { handle: false }).socket
  keepPresentedChain(blind, () => undefined)
  t.match(takePresentedChain(blind), { sent: bytes(1, 2) }, 'where Node does not tell its verdict so early')
})

test('where nothing was kept, what Node shows now is read; without a certificate nothing was presented', async (t) => {
  t.strictSame(takePresentedChain(fakeSocket(2).socket), { leaf: Buffer.of(0), sent: bytes(1) })
  for (const reused of [false, true]) {
    const { socket } = fakeSocket(0, { reused })
    keepPresentedChain(socket, () => explainedChains)
    t.equal(takePresentedChain(socket), undefined)
  }
})

test('whether the whole chain was kept can be asked without reading anything', async (t) => {
  for (const [options, wanted, kept] of [
    [{}, false, true],
    [{ reused: true }, true, false],
    [{ verifyError: new Error('unknown CA') }, false, false],
    [{ verifyError: new Error('unknown CA') }, true, true]
  ] as const) {
    const { socket, reads } = fakeSocket(2, options)
    t.equal(hasPresentedChain(socket), false)
    keepPresentedChain(socket, () => wanted ? explainedChains : undefined)
    const { count } = reads
    t.equal(hasPresentedChain(socket), kept)
    t.equal(reads.count, count)
    takePresentedChain(socket)
    t.equal(hasPresentedChain(socket), false)
  }
})

test('no more than seventeen certificates above the leaf are looked at', async (t) => {
  t.equal(takePresentedChain(fakeSocket(1_000).socket)?.sent.length, 17)
})

test('a connection is reset by its raw socket, later, and the TLS socket follows', async (t) => {
  const steps: string[] = []
  const socket = {
    destroy: () => {
      steps.push('destroy')
    }
  } as unknown as TLSSocket
  const raw = Object.assign(new EventEmitter(), {
    remotePort: 1234,
    resetAndDestroy: () => {
      steps.push('reset')
      raw.emit('close')
    }
  })
  rememberRawSocket(socket, raw as unknown as Socket)
  resetConnection(socket)
  t.strictSame(steps, [])
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  t.strictSame(steps, ['reset', 'destroy'])
})

test('a socket without a raw one, and one of a Unix socket, are just destroyed', async (t) => {
  for (const raw of [undefined, new EventEmitter()]) {
    let destroyed = 0
    const socket = {
      destroy: () => {
        destroyed += 1
      }
    } as unknown as TLSSocket
    if (raw !== undefined) rememberRawSocket(socket, raw as unknown as Socket)
    resetConnection(socket)
    t.equal(destroyed, 1)
  }
})

/** A port where somebody listens and says nothing. */
async function openPort (t: { after(task: () => unknown): void }): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}).resume()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.close()
  })
  return (server.address() as { port: number }).port
}
