import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'tap'

const HANDLES = 'process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY)/.test(name)).sort()'

async function run (program: string): Promise<{ code: number, output: string }> {
  const source = `
    import { once } from 'node:events'
    import https from 'node:https'
    import http2 from 'node:http2'
    import Fastify from 'fastify'
    import { memoryCredentials } from '@peerkit/credentials'
    import { createDevCa } from '@peerkit/dev-ca'
    import fastifyMtls, { mtlsServerOptions, withMtls } from ${JSON.stringify(import.meta.resolve('../src/index.ts'))}
    const ca = await createDevCa()
    const { chain: cert, key } = await ca.issue({ dns: 'localhost', ip: '127.0.0.1' })
    const credentials = memoryCredentials({ cert, key, ca: ca.root, crl: (await ca.crl()).pem })
    const make = async (settings) => {
      const app = Fastify(mtlsServerOptions(credentials, settings))
      await app.register(fastifyMtls)
      app.get('/', async (request) => request.peer.toString())
      return app
    }
    const show = () => ${HANDLES}
    ${program}`
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', '--input-type=module', '--eval', source], { cwd: import.meta.dirname, env: { ...process.env, NODE_OPTIONS: '' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close')
  return { code, output: output.trim() }
}

test('a server that was made and is not closed keeps no process alive, whether it was readied or not', async (t) => {
  t.same(await run(`
    Fastify(withMtls(credentials))
    await (await make({})).ready()
    await (await make({ http2: true })).ready()
    console.log('ready')`), { code: 0, output: 'ready' })
})

for (const http2 of [false, true]) {
  test(`${http2 ? 'HTTP/2' : 'HTTP/1.1'}: closing leaves no handle, of servers, connections, timers or tickets`, async (t) => {
    const { code, output } = await run(`
      const before = show()
      const app = await make({ http2: ${String(http2)} })
      const origin = await app.listen({ host: 'localhost', port: 0 })
      const port = app.server.address().port
      const agent = new https.Agent({ keepAlive: true, ca: ca.root, cert, key })
      const response = await new Promise((resolve) => { https.get({ port, host: '127.0.0.1', agent }, resolve) })
      response.resume()
      await once(response, 'end')
      ${http2
        ? `const session = http2.connect('https://127.0.0.1:' + port, { ca: ca.root, cert, key })
      const stream = session.request({ ':path': '/' }).resume()
      await once(stream, 'close')`
        : ''}
      agent.destroy()
      await app.close()
      await credentials.close()
      ${http2 ? "if (!session.destroyed) await once(session, 'close')" : ''}
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => { setImmediate(resolve) })
      console.log(JSON.stringify(show()) === JSON.stringify(before) ? 'none' : show().join())`)
    t.same({ code, output }, { code: 0, output: 'none' })
  })
}
