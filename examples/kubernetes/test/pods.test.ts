// Both programs, with volumes as the kubelet writes them: files are links to `..data`, which is swapped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createDevCa } from '@peerkit/dev-ca'
import { test } from 'tap'

const ID = 'spiffe://cluster.example/ns/prod/sa'

/** Writes the files of a volume as the kubelet does. */
function project (folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true })
  const data = mkdtempSync(join(folder, '..'))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(data, name), text, { mode: 0o440 })
    try {
      symlinkSync(join('..data', name), join(folder, name))
    } catch {}
  }
  symlinkSync(data, join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
}

function run (name: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', join(import.meta.dirname, `../src/${name}.ts`)], {
    env: { ...process.env, NODE_OPTIONS: '', DRAIN: '0', ...env }, stdio: ['ignore', 'pipe', 'inherit']
  })
  const lines: string[] = []
  const heard = createInterface({ input: child.stdout }).on('line', (line) => { lines.push(line) })
  async function until (pattern: RegExp): Promise<string> {
    for (;;) {
      const line = lines.find((one) => pattern.test(one))
      if (line !== undefined) return line
      await once(heard, 'line')
    }
  }
  return { child, lines, until }
}

async function statusOf (url: string): Promise<number | undefined> {
  const asked = get(url)
  const [response] = await once(asked, 'response')
  response.resume()
  return response.statusCode
}

test('the ledger renews, the job calls it, another may not, and probes need no certificate', { timeout: 240_000 }, async (t) => {
  const folder = t.testdir({})
  const ca = await createDevCa({ name: 'Mesh CA' })
  const issue = async (name: string, profile: 'both' | 'client'): Promise<string> => {
    const { chain, key, serialNumber } = await ca.issue({ profile, dns: 'localhost', spiffe: `${ID}/${name}` })
    project(join(folder, name), { 'tls.crt': chain, 'tls.key': key, 'ca.crt': ca.root })
    return serialNumber
  }
  project(join(folder, 'trust'), { 'ca.pem': ca.root })
  await issue('ledger', 'both')
  await issue('orders', 'client')
  const TRUST = join(folder, 'trust')
  const ledger = run('ledger', { IDENTITY: join(folder, 'ledger'), TRUST, PORT: '0', PROBE_PORT: '0' })
  t.teardown(() => { ledger.child.kill('SIGKILL') })
  const { port, probePort } = JSON.parse(await ledger.until(/the ledger is up/))

  t.equal(await statusOf(`http://127.0.0.1:${probePort}/ready`), 200)
  t.equal(await statusOf(`http://127.0.0.1:${probePort}/live`), 200)
  const LEDGER = `https://localhost:${port}`
  const call = async (): Promise<string> => {
    const job = run('orders', { IDENTITY: join(folder, 'orders'), TRUST, LEDGER })
    const [code] = await once(job.child, 'close')
    return `${code} ${job.lines.join(' ')}`
  }
  const serial = await issue('ledger', 'both')
  t.match(await ledger.until(/new credentials in force/), serial, 'cert-manager has renewed the secret')
  t.equal(await call(), `0 200 entries for ${ID}/orders`)

  await issue('orders', 'client')
  const { chain, key } = await ca.issue({ profile: 'client', spiffe: `${ID}/intern` })
  project(join(folder, 'orders'), { 'tls.crt': chain, 'tls.key': key })
  t.match(await call(), /^1 403 /, 'another service account may not')

  const closed = once(ledger.child, 'close')
  ledger.child.kill('SIGTERM')
  t.same(await closed, [0, null])
})
