import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import { test } from 'tap'
import { createWorld, form } from './support/world.ts'

test('answers over HTTP/2, and tells its own pages from those of others there too', async (t) => {
  const { app, ca } = await createWorld(t, { http2: true })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { chain, key } = await ca.issue({ profile: 'client', cn: 'Olga', ou: 'operators' })
  const session = http2.connect(app.listeningOrigin, { ca: ca.root, cert: chain, key })
  t.after(() => { session.destroy() })
  const ask = async (headers: object, body = ''): Promise<{ status: number, text: string, headers: http2.IncomingHttpHeaders }> => {
    const stream = session.request({ ...headers }, { endStream: body === '' })
    stream.setEncoding('utf8')
    if (body !== '') stream.end(body)
    let text = ''
    stream.on('data', (chunk) => { text += chunk })
    const [answered] = await once(stream, 'response')
    if (!stream.readableEnded) await once(stream, 'end')
    return { status: answered[':status'], text, headers: answered }
  }
  const page = await ask({ ':path': '/console/' })
  t.equal(page.status, 200)
  t.match(page.headers['content-security-policy'], /^default-src 'none'/)
  const { payload, headers } = form({ certificate: chain })
  const post = { ':method': 'POST', ':path': '/console/what-if', ...headers }
  t.equal((await ask({ ...post, origin: app.listeningOrigin }, payload as string)).status, 200)
  t.equal((await ask({ ...post, origin: 'https://evil.example' }, payload as string)).status, 403)
})

test('a reader whose certificate is no longer accepted sees no more on the connection that is open', async (t) => {
  const { app, ca, credentials } = await createWorld(t, { crl: true })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const operator = await ca.issue({ profile: 'client', cn: 'Olga', ou: 'operators' })
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: ca.root, cert: operator.chain, key: operator.key })
  t.after(() => { agent.destroy() })
  const status = async (): Promise<number | string> => await new Promise((resolve) => {
    https.get(`${app.listeningOrigin}/console/`, { agent }, (response) => { response.resume().on('end', () => { resolve(response.statusCode ?? 0) }) }).on('error', (error) => { resolve(error.message) })
  })
  t.equal(await status(), 200)
  ca.revoke(operator, { reason: 'keyCompromise' })
  credentials.update({ crl: (await ca.crl()).pem })
  t.not(await status(), 200)
})
