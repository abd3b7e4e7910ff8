// docs/recipes/browsers.md: its commands make the certificates, its code serves, and its policy lets a real Chromium choose the certificate.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { BrowserContext } from 'playwright-core'
import { runPeerkit } from '@peerkit/cli'
import { root } from '../architecture/source-graph.ts'
import { readFences } from '../docs/fences.ts'
import { ScratchFolder } from '../docs/scratch-folder.ts'
import { canIsolate, openChromium } from './chromium/open-chromium.ts'
import { freePort } from './free-port.ts'
import { requireTool } from './require-tool.ts'

const tools = { chromium: requireTool('chromium'), certutil: requireTool('certutil'), pk12util: requireTool('pk12util'), openssl: requireTool('openssl') }
if (!canIsolate) {
  // Policies are read from /etc alone.
  t.comment('no process here may have a file system of its own, so Chromium was not run with the policy')
  process.exit(0)
}
const fences = readFences(readFileSync(join(root, 'docs/recipes/browsers.md'), 'utf8'))
const scratch = new ScratchFolder()
const folder = scratch.path
t.teardown(() => { scratch[Symbol.dispose]() })
const port = await freePort()
const origin = `https://localhost:${port}`

const code = fences.find(({ info }) => info === 'js')!.code.replace('8443', String(port))
const policies = JSON.parse(fences.find(({ info }) => info === 'json')!.code.replace('https://ledger.example:8443', origin))

/** Starts the service of the page, maybe changed. */
async function serve (program: string): Promise<() => Promise<void>> {
  writeFileSync(join(folder, 'server.mjs'), program)
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', 'server.mjs'], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => { output += String(chunk) })
  while (!output.includes('Server listening')) {
    if (child.exitCode !== null) throw new Error(output)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }
  return async () => {
    child.kill()
    await once(child, 'exit')
  }
}

async function visit (browser: BrowserContext, path: string): Promise<string> {
  const page = await browser.newPage()
  const failed = (error: Error): string => /net::(\w+)/.exec(error.message)?.[1] ?? error.message
  const text = await page.goto(origin + path).then(async () => await page.locator('body').innerText(), failed)
  await page.close()
  return text
}

t.test('the commands of the page make the certificates', async (t) => {
  for (const line of fences.filter(({ info }) => info === 'sh').flatMap(({ code }) => code.split('\n')).filter((one) => one.startsWith('npx peerkit '))) {
    const args = line.split(' ').slice(2).map((word, index, words) => ['--dir', '--out'].includes(words[index - 1] ?? '') ? join(folder, word) : word)
    // The page issues in the folder of its CA.
    const placed = args[0] === 'cert' ? [...args, '--dir', join(folder, 'pki')] : args
    t.equal(await runPeerkit(placed, { out: () => {}, err: (text) => { t.fail(text) } }), 0, line)
  }
})

t.test('Chromium presents the certificate that the policy names, and reads what it may', async (t) => {
  const stop = await serve(code)
  const browser = await openChromium(tools, { origin, ca: join(folder, 'pki/root.pem'), cert: join(folder, 'alice.pem'), key: join(folder, 'alice.key'), policies })
  t.equal(await visit(browser, '/invoices'), 'hello alice')
  await browser.close()
  await stop()
})

t.test('over HTTP/2 too', async (t) => {
  const stop = await serve(code.replace('logger: true,', 'logger: true, http2: true,'))
  const browser = await openChromium(tools, { origin, ca: join(folder, 'pki/root.pem'), cert: join(folder, 'alice.pem'), key: join(folder, 'alice.key'), policies })
  t.equal(await visit(browser, '/invoices'), 'hello alice')
  const page = await browser.newPage()
  await page.goto(origin)
  t.equal(await page.evaluate('performance.getEntriesByType("navigation")[0].nextHopProtocol'), 'h2')
  await browser.close()
  await stop()
})

t.test('a browser whose certificates are all of other CAs presents none, and reads the page that says so', async (t) => {
  const elsewhere = join(folder, 'elsewhere')
  for (const args of [['ca', 'init', '--name', 'Elsewhere'], ['cert', 'issue', '--out', join(folder, 'stranger'), '--profile', 'client', '--cn', 'stranger']]) {
    t.equal(await runPeerkit([...args, '--dir', elsewhere], { out: () => {}, err: (text) => { t.fail(text) } }), 0)
  }
  const stop = await serve(code)
  const browser = await openChromium(tools, { origin, ca: join(folder, 'pki/root.pem'), cert: join(folder, 'stranger.pem'), key: join(folder, 'stranger.key'), policies })
  t.match(await visit(browser, '/'), /^Import your certificate first/)
  t.match(await visit(browser, '/invoices'), /MTLS_ERR_PEER_MISSING/)
  await browser.close()
  await stop()
})
