import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { makeFolder } from './support/world.ts'

/** How a program gets each kind of source; `paths` and `pem` are there. */
const SOURCES: Readonly<Record<string, string>> = {
  memory: 'memoryCredentials({ ...pem, crl })',
  files: 'await fileCredentials({ ...paths, crl: paths.crl, pollInterval: 50 })',
  'files by polling': "await fileCredentials({ ...paths, crl: paths.crl, pollInterval: 50, watch: 'poll' })",
  provider: 'await providerCredentials(async () => ({ ...pem, crl }), { refresh: 60_000 })',
  renewing: "await renewingCredentials({ issue: async () => ({ ...pem, crl }) }, { keyType: 'ed25519' })"
}
const HANDLES = 'process.getActiveResourcesInfo().filter((name) => /FSEvent|Timeout|FSReq|Immediate/.test(name))'

for (const [kind, source] of Object.entries(SOURCES)) {
  test(`a source from ${kind} leaves no handle when it is closed, and keeps no process alive when it is not`, async (t) => {
    t.same(await run(t, `
      const before = ${HANDLES}.length
      const first = ${source}
      await first.close()
      await new Promise((resolve) => { setImmediate(resolve) })
      console.log(${HANDLES}.length - before)
      const second = ${source}
      console.log(second.current.generation)`), { code: 0, output: '0\n1\n' })
  })
}

test('a program that waits at its top level for its credentials is not ended before it has them', async (t) => {
  const { code, output } = await run(t, `
    let calls = 0
    const source = await providerCredentials(() => { calls += 1; if (calls === 1) throw new Error('not yet'); return pem }, { retryFirst: 20 })
    console.log(calls, source.current.generation)`)
  t.same({ code, output }, { code: 0, output: '2 1\n' })
})

test('a program whose credentials never come stops with the reason', async (t) => {
  const { code, output } = await run(t, 'await providerCredentials(() => new Promise(() => {}), { timeout: 20, retryFirst: 5, attempts: 2 })')
  t.equal(code, 1)
  t.match(output, /MTLS_ERR_CREDENTIALS_UNAVAILABLE/)
  t.match(output, /no answer within 20 ms/)
})

test('a listener that throws, or whose promise fails, is warned of and breaks nobody', async (t) => {
  const { code, output } = await run(t, `
    const source = memoryCredentials(pem)
    source.subscribe(() => { throw new Error('first listener') })
    source.subscribe(async () => { throw new Error('second listener') })
    source.subscribe(({ type }) => { console.log('third', type) })
    process.on('warning', ({ code, message }) => { console.log(code, /first|second/.exec(message)[0]) })
    source.update({ ca: pem.ca + other })
    console.log(source.current.generation)`, '--no-warnings')
  t.equal(code, 0)
  t.same(output.trim().split('\n').sort(), ['2', 'PEERKIT_LISTENER_FAILED first', 'PEERKIT_LISTENER_FAILED second', 'third rotated'])
})

async function run (t: Parameters<typeof makeFolder>[0], program: string, ...flags: string[]): Promise<{ code: number, output: string }> {
  const { paths, ca, issued, folder, write } = await makeFolder(t)
  const { pem: crl } = await ca.crl()
  await write('list.crl', crl)
  const other = (await (await import('@peerkit/dev-ca')).createDevCa()).root
  const script = join(folder, 'program.mjs')
  await writeFile(script, `
    import { fileCredentials, memoryCredentials, providerCredentials, renewingCredentials } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))}
    const paths = ${JSON.stringify({ ...paths, crl: join(folder, 'list.crl') })}
    const pem = ${JSON.stringify({ cert: issued.chain, key: issued.key, ca: ca.root })}
    const crl = ${JSON.stringify(crl)}
    const other = ${JSON.stringify(other)}
    ${program}`)
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', ...flags, script], { env: { ...process.env, NODE_OPTIONS: '' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [code] = await once(child, 'close')
  return { code, output }
}
