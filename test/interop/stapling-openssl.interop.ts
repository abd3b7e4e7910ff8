import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { createOcspStapler } from '@peerkit/revocation'
import Fastify from 'fastify'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const names = { dns: 'localhost', ip: '127.0.0.1' }

/** Our server, its answers from `openssl ocsp`, and `openssl s_client -status` to look at them. */
async function start (test: Test, http2: boolean): Promise<{ rotate: (to: IssuedCertificate) => Promise<void>, look: (...args: string[]) => Promise<string>, certificates: IssuedCertificate[] }> {
  const ca = await createDevCa()
  const certificates = [await ca.issue(names), await ca.issue(names), await ca.issue(names)]
  const [first, , revoked] = certificates as [IssuedCertificate, IssuedCertificate, IssuedCertificate]
  const client = await ca.issue({ cn: 'client', profile: 'client' })
  const index = certificates.map((certificate) => `${certificate === revoked ? 'R\t400101000000Z\t260102030405Z,keyCompromise' : 'V\t400101000000Z\t'}\t${certificate.serialNumber.toUpperCase()}\tunknown\t/CN=${certificate.serialNumber}\n`).join('')
  const folder = test.testdir({ 'ca.pem': ca.certificate, 'ca.key': ca.key, 'index.txt': index, 'client.pem': client.chain, 'client.key': client.key })
  const file = (name: string): string => join(folder, name)
  const issuer = parsePeerIdentity(ca.der)
  const responder = spawn(openssl, ['ocsp', '-port', '0', '-index', file('index.txt'), '-CA', file('ca.pem'), '-rsigner', file('ca.pem'), '-rkey', file('ca.key'), '-nmin', '5'])
  let url = ''
  for await (const line of createInterface({ input: responder.stdout })) {
    const port = /ACCEPT .*:(\d+)/.exec(line)?.[1]
    if (port === undefined) continue
    url = `http://127.0.0.1:${port}/`
    break
  }
  const stapler = createOcspStapler({ certificate: parsePeerIdentity(first.der), issuer, url })
  await stapler.refresh()
  const credentials = memoryCredentials({ cert: first.chain, key: first.key, ca: ca.root })
  const app = Fastify(mtlsServerOptions(credentials, { http2, ocspStapler: stapler } as object) as object)
  await app.register(fastifyMtls)
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  test.teardown(async () => {
    await app.close()
    await stapler.close()
    responder.kill('SIGKILL')
    await once(responder, 'exit')
  })
  return {
    certificates,
    async rotate ({ chain, key, serialNumber }) {
      const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
      credentials.update({ cert: chain, key })
      await new Promise<void>((resolve) => {
        const onRefreshed = (message: any): void => {
          if (message.serialNumber !== serialNumber) return
          unsubscribe('peerkit:revocation:refreshed', onRefreshed)
          resolve()
        }
        subscribe('peerkit:revocation:refreshed', onRefreshed)
      })
    },
    async look (...args) {
      const child = spawn(openssl, ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', file('ca.pem'), '-cert', file('client.pem'), '-key', file('client.key'), '-status', ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
      // Long enough for a session ticket to come, which TLS 1.3 sends after the handshake.
      const output = text(child.stdout)
      child.stdin.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      await once(child, 'exit')
      return await output
    }
  }
}

for (const version of ['-tls1_2', '-tls1_3']) {
  for (const http2 of [false, true]) {
    t.test(`${version}, ${http2 ? 'HTTP/2' : 'HTTP/1.1'}: \`openssl s_client\` gets a stapled answer about our certificate, across rotations`, async (test) => {
      const { look, rotate, certificates: [first, second, revoked] } = await start(test, http2)
      const alpn = ['-alpn', http2 ? 'h2' : 'http/1.1']
      const show = async (): Promise<string> => await look(version, ...alpn, '-ign_eof')
      const before = await show()
      test.match(before, /OCSP Response Status: successful/)
      test.match(before, new RegExp(`Serial Number: ${first?.serialNumber}`, 'i'))
      test.match(before, /Cert Status: good/)
      await rotate(second as IssuedCertificate)
      const after = await show()
      test.match(after, new RegExp(`Serial Number: ${second?.serialNumber}`, 'i'))
      test.match(after, /Cert Status: good/)
      await rotate(revoked as IssuedCertificate)
      test.match(await show(), /Cert Status: revoked/)
    })
  }
}
