import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { test } from 'tap'
import { startDemo } from '../src/index.ts'

async function fetchData (origin: string, folder: string, path: string): Promise<any> {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  return await new Promise((resolve, reject) => {
    const material = { ca: read('ca.pem'), cert: read('operator.pem'), key: read('operator-key.pem') }
    const call = request(`${origin}/console/data.json${path}`, { ...material, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk) => { text += chunk }).on('end', () => { resolve(JSON.parse(text)) })
    })
    call.on('error', reject)
    call.end()
  })
}

test('the demonstration shows what its README promises', async (t) => {
  const demo = await startDemo()
  t.after(() => demo.close())
  const { accounts: { origin }, folder } = demo
  const { trust, ends, clients, calls, outbound, handshakesRefused, routes, timeline, forecast } = await fetchData(origin, folder, '')
  const last = { type: 'rotated', removed: [/Demo CA 2021/] }
  const turns = [{ type: 'rotated', removed: [] }, last, { type: 'refused' }, { type: 'rotated' }, { type: 'start' }]
  t.match(trust, { generation: 4, turns })
  t.match(trust.formerAnchors, [{ clients: [{ name: 'legacy-batch' }] }])
  t.ok(trust.formerAnchors[0].attempts > 0)
  t.match(ends[0], { what: 'client', name: /reports$/ })
  t.notOk(clients.some(({ certificate }: any) => /stranger/.test(certificate.subject)))
  const called = { name: 'ledger', expects: /ledger/, server: { spiffeId: /ledger$/ } }
  t.match(outbound, [called, { name: 'mail', connections: 0 }])
  t.ok(handshakesRefused.unknown_ca > 0)
  t.ok(routes.some(({ access }: any) => access === 'nobody'))
  const { events } = await fetchData(origin, folder, '?q=gateway.partner.example')
  t.match(events[0], { title: 'Denied: GET /accounts/:id', reason: 'incomplete_identity' })
  t.match(events[0].detail.join('\n'), /authority: partner\nclaims to be, not believed: CN=gateway.*\n[^]*closest rule/)
  t.match(trust.authorities, [{ name: 'internal' }, { name: 'partner', vouchesFor: ['DNS names within partner.example'] }])
  const refused = (await fetchData(origin, folder, '?q=legacy-batch&kind=handshake')).events
  t.match(refused, [{ reason: 'unknown_ca', removedCa: { name: 'Demo CA 2021', authority: 'internal' } }])
  t.match((await fetchData(origin, folder, '?q=contractor&kind=handshake')).events, [{ reason: 'revoked' }])
  const kinds = timeline.map(({ kind }: any) => kind).sort()
  t.strictSame(kinds, ['crl', 'crl', 'rotation', 'rotation', 'rotation', 'rotation', 'rotation', 'rules'])
  t.match(timeline.find(({ kind }: any) => kind === 'crl').notes, ['1 more entry', /^revokes .*: contractor$/])
  t.match(timeline.find(({ kind }: any) => kind === 'rules'), { came: [/gateway\.partner\.example/, /./], went: [/\*\.partner/, /./] })
  t.ok(calls.callers.some(({ name, isFormer }: any) => name === 'legacy-batch' && isFormer))
  t.match(forecast.clients.entries, [{ authority: 'partner', state: 'not_affected', name: 'gateway.partner.example' }])
  await demo.close()
  t.notOk(existsSync(folder), 'the certificates are gone')
})

test('says how to open it, keeps running until told to stop, and prints no key', async (t) => {
  const main = join(import.meta.dirname, '../src/main.ts')
  const env = { ...process.env, NODE_OPTIONS: '', PORT: '0' }
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', main], { env })
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (/Ctrl\+C/.test(output)) resolve()
    })
  })
  t.match(output, /The console: https:\/\/127\.0\.0\.1:\d+\/console/)
  t.match(output, /openssl pkcs12 -export/)
  t.notMatch(output, /PRIVATE KEY/)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
  t.notOk(existsSync(/--cacert (\S+)\/ca\.pem/.exec(output)?.[1] ?? '/'))
})
