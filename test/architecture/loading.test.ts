// What an import of the server's packages loads. Code that few apps need is loaded by who needs it.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'tap'

const run = promisify(execFile)

/** The packages of which a module is loaded by a script, in a process of its own. */
async function packagesLoadedBy (script: string): Promise<Set<string>> {
  const source = `
    import { registerHooks } from 'node:module'
    const urls = []
    registerHooks({
      resolve (specifier, context, next) {
        const resolved = next(specifier, context)
        urls.push(resolved.url)
        return resolved
      }
    })
    const { default: Fastify } = await import('fastify')
    const { memoryTrust } = await import('@peerkit/credentials')
    const { default: fastifyMtls } = await import('@peerkit/fastify-mtls')
    const { default: fastifyAllowedClients } = await import('@peerkit/fastify-allowed-clients')
    ${script}
    console.log(JSON.stringify(urls))`
  const args = ['--conditions=@peerkit/source', '--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source]
  const { stdout } = await run(process.execPath, args, { cwd: import.meta.dirname, maxBuffer: 1 << 24 })
  const urls = JSON.parse(stdout) as string[]
  return new Set(urls.map((url) => /.*\/(?:node_modules|packages)\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url))
}

test('the server packages load neither readers of gateway headers, nor a YAML parser, nor a test client', async (t) => {
  const loaded = await packagesLoadedBy('')
  for (const name of ['fastify', 'credentials', 'fastify-mtls', 'fastify-allowed-clients', 'trust']) t.ok(loaded.has(name), name)
  for (const name of ['forwarded', 'yaml', 'light-my-request']) t.notOk(loaded.has(name), name)
})

test('the option forwarded loads the readers of gateway headers', async (t) => {
  const loaded = await packagesLoadedBy(`
    const app = Fastify()
    await app.register(fastifyMtls, { forwarded: { format: 'nginx', gateways: { addresses: ['127.0.0.1'] } } })
    await app.close()`)
  t.ok(loaded.has('forwarded'))
  t.notOk(loaded.has('yaml'))
})

test('a rules file loads the YAML parser', async (t) => {
  const loaded = await packagesLoadedBy(`
    const app = Fastify()
    app.decorateRequest('peer', null).decorateRequest('optionalPeer', null)
    await app.register(fastifyAllowedClients, { file: 'missing.yaml' }).then(() => {}, () => {})`)
  t.ok(loaded.has('yaml'))
})
