import { createServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { folder } from './folder.ts'
import { peerkit } from './peerkit.ts'
import type { Run } from './peerkit.ts'
import { listen } from './servers.ts'

export const ca = await createDevCa()
export const other = await createDevCa({ name: 'Other' })
export const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
export const client = await ca.issue({ profile: 'client', cn: 'orders' })

export function files (t: Test): (name: string) => string {
  return folder(t, {
    'ca.pem': ca.root, 'other.pem': other.root, 'me.pem': client.chain, 'me.key': client.key, 'server.key': server.key
  })
}

/** A server that says in JSON who called, and what it saw. */
export async function serve (
  t: Test, options: ServerOptions, status = 200
): Promise<{ at: string, seen: string[], paths: string[] }> {
  const seen: string[] = []
  const paths: string[] = []
  const https = createServer({
    key: server.key, cert: server.chain, ca: ca.root, ...options
  }, ({ url = '' }, response) => {
    paths.push(url)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code: `CODE_${status}` }))
  })
  https.on('secureConnection', (socket: TLSSocket) => {
    seen.push(String(socket.getPeerCertificate().subject?.CN))
  })
  return { at: await listen(t, https), seen, paths }
}

export function probe (file: (name: string) => string, at: string, ...args: string[]): Promise<Run> {
  return peerkit('probe', `https://${at}/health?deep=1`, '--ca', file('ca.pem'), ...args)
}

export function withOwn (file: (name: string) => string): string[] {
  return ['--cert', file('me.pem'), '--key', file('me.key')]
}
