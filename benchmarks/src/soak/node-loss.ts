// What Node itself loses at a full handshake: the certificates that a client sends above its leaf are never freed
// after they were read (nodejs/node#65579). This is a server of node:tls alone, in a process of its own, with the
// certificates of the soak. The soak does not count this loss as the suite's.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createSecureContext, createServer } from 'node:tls'
import type { SecureContext, TLSSocket } from 'node:tls'
import { pathToFileURL } from 'node:url'
import { slopeOf } from '../statistics.ts'
import { readMemory } from './memory.ts'
import type { SoakWorld } from './world.ts'

const HOST = '127.0.0.1'
/** Handshakes between two looks at the memory. */
const BETWEEN = 1_000
/** Looks in the first half, in which the process still grows for other reasons, and in the second. */
const [BEFORE, LOOKS] = [8, 9]

interface Material { readonly cert: string, readonly key: string, readonly ca: readonly string[] }

/** Octets that a server of node:tls alone loses for each full handshake of a verified client. */
export async function measureNodeLoss (world: SoakWorld): Promise<number> {
  const child = fork(import.meta.filename, ['serve'], { execArgv: ['--expose-gc', ...process.execArgv] })
  const ask = async (question: Material | 'look'): Promise<number> => {
    const answer = once(child, 'message')
    child.send(question)
    return (await answer)[0] as number
  }
  const port = await ask({ ...await world.server(), ca: (await world.trust()).ca })
  const { chain, key } = await world.client('client-fresh')
  const secureContext = createSecureContext({ cert: chain, key, ca: world.root })
  const points: Array<readonly [handshakes: number, octets: number]> = []
  for (let turn = 1; turn <= BEFORE + LOOKS; turn += 1) {
    await shakeHands(port, secureContext, BETWEEN)
    points.push([turn * BETWEEN, await ask('look')])
  }
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
  return Math.max(0, slopeOf(points.slice(BEFORE)))
}

async function shakeHands (port: number, secureContext: SecureContext, times: number): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    const socket = connect({ host: HOST, port, secureContext })
    socket.resume()
    await once(socket, 'close')
  }
}

function serve (): void {
  process.on('message', (question: Material | 'look') => {
    if (question === 'look') {
      readMemory().then(({ anonymous }) => process.send?.(anonymous)).catch((error: unknown) => { throw error })
      return
    }
    const { ca, ...own } = question
    const server = createServer({ ...own, ca: [...ca], requestCert: true }, (socket: TLSSocket) => {
      socket.on('error', () => {})
      // The suite reads the certificate in this way.
      socket.end(socket.getPeerX509Certificate()?.subject ?? '')
    })
    server.listen(0, HOST, () => process.send?.((server.address() as { readonly port: number }).port))
  })
  process.on('disconnect', () => { process.exit(0) })
}

if (process.argv[2] === 'serve' && import.meta.url === pathToFileURL(process.argv[1] ?? '').href) serve()
