// Connections of visitors, each with one request. A visit is answered with 200, or refused in any way.
import { connect, createSecureContext } from 'node:tls'
import type { SecureContext, SecureVersion } from 'node:tls'

/** A client that connects; without a certificate if its context has none. */
export interface Visitor { readonly context: SecureContext, readonly session?: Buffer }

export interface Visits {
  readonly count: number
  readonly answered: number
  readonly refused: number
  readonly resumed: number
}

export interface VisitorOptions {
  /** PEM of the CA of the servers. */
  readonly ca: string
  /** PEM, leaf first. */
  readonly chain?: string
  readonly key?: string
  readonly version?: SecureVersion
}

const LANES = 4
const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
/** Milliseconds. A refused client may have to wait for the work of others. */
const PATIENCE = 120_000

export function makeVisitor ({ ca, chain, key, version = 'TLSv1.3' }: VisitorOptions): Visitor {
  const own = chain === undefined ? {} : { cert: chain, key }
  return { context: createSecureContext({ ca, ...own, minVersion: version, maxVersion: version }) }
}

/** Each visitor connects once, a few at a time. */
export async function loadVisits (port: number, visitors: readonly Visitor[]): Promise<Visits> {
  let next = 0
  let [answered, refused, resumed] = [0, 0, 0]
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (next < visitors.length) {
      const outcome = await visit(port, visitors[next++] as Visitor)
      if (outcome.status === '200') answered += 1
      else refused += 1
      if (outcome.resumed) resumed += 1
    }
  }))
  return { count: visitors.length, answered, refused, resumed }
}

/** The same visitor, with the session that the server issued at a first visit. */
export async function withSession (port: number, { context }: Visitor): Promise<Visitor> {
  const { session } = await visit(port, { context })
  if (session === undefined) throw new Error('the server gave no session')
  return { context, session }
}

interface Outcome { readonly status: string, readonly resumed: boolean, readonly session: Buffer | undefined }

async function visit (port: number, { context, session }: Visitor): Promise<Outcome> {
  return await new Promise((resolve, reject) => {
    let head = ''
    let resumed = false
    let given: Buffer | undefined
    const target = { host: '127.0.0.1', port, servername: 'localhost', ALPNProtocols: ['http/1.1'] }
    const socket = connect({ ...target, secureContext: context, ...(session && { session }) })
    const deadline = setTimeout(() => {
      socket.destroy()
      reject(new Error('a connection neither ended nor was answered'))
    }, PATIENCE)
    socket.once('secureConnect', () => {
      resumed = socket.isSessionReused()
      socket.write(REQUEST)
    })
    socket.on('session', (ticket: Buffer) => { given = ticket })
    socket.on('data', (chunk: Buffer) => { head ||= chunk.toString('latin1', 0, 12) })
    // A refusal, in whatever way the server reports it.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(deadline)
      resolve({ status: head.slice(9, 12), resumed, session: given })
    })
  })
}
