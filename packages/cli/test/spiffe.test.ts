import { test } from 'tap'
import type { Test } from 'tap'
import { startAgent } from '../../spiffe/test/support/agent.ts'
import type { Agent } from '../../spiffe/test/support/agent.ts'
import { TrustDomain } from '../../spiffe/test/support/world.ts'
import { peerkit, peerkitHere } from './support/peerkit.ts'
import type { Run } from './support/peerkit.ts'

const prod = await TrustDomain.make('prod.example')
const partner = await TrustDomain.make('partner.example')
const federatedBundles = { 'spiffe://partner.example': partner.bundle }

async function ask (t: Test, ...args: readonly string[]): Promise<{ agent: Agent, run: (...more: readonly string[]) => Promise<Run> }> {
  const agent = await startAgent(t)
  return { agent, run: async (...more) => await peerkitHere('spiffe', '--socket', agent.address, ...args, ...more) }
}

test('shows SVIDs, bundles and CRLs, and that a service can use them', async (t) => {
  const { agent, run } = await ask(t)
  const svids = [await prod.svid('/ledger', { hint: 'internal' }), await prod.svid('/batch')]
  agent.push({ svids, federatedBundles, crls: [(await prod.ca.crl()).der] })
  const { code, out, err } = await run()
  t.same([code, err], [0, ''])
  t.match(out, `Workload API at ${agent.address}\n`)
  t.match(out, /X\.509-SVIDs \(2\)\n {2}spiffe:\/\/prod\.example\/ledger +the default\n {2}hint +internal\n {2}certificate +spiffe:\/\/prod\.example\/ledger \(sha256:[0-9a-f]+\) expires in /)
  t.match(out, / {2}spiffe:\/\/prod\.example\/batch +number 2\n/)
  t.match(out, /Trust bundles \(2\)\n {2}prod\.example +our own trust domain\n {2}CAs +CN=CA of prod\.example[^\n]* expires in /)
  t.match(out, / {2}partner\.example +federated\n {2}CAs +CN=CA of partner\.example/)
  t.match(out, /CRLs \(1\)\n {2}CN=CA of prod\.example.* expires in /)
  t.match(out, /\nusable as spiffe:\/\/prod\.example\/ledger; accepts peers of prod\.example, partner\.example\n$/)
  t.match(await run('--spiffe-id', 'spiffe://prod.example/batch'), { code: 0, out: /usable as spiffe:\/\/prod\.example\/batch;/ })
  t.match(await run('--hint', 'other', '--timeout', '1s'), { code: 1, out: /not usable: .*no X\.509-SVID has the hint "other"/ })
  const data = JSON.parse((await run('--json')).out)
  t.match(data, {
    endpoint: agent.address,
    svids: [{ spiffeId: 'spiffe://prod.example/ledger', hint: 'internal', chain: [{ ending: false }] }, {}],
    bundles: [{ trustDomain: 'prod.example', isOwn: true }, { trustDomain: 'partner.example', isOwn: false }],
    crls: [{ issuer: /CA of prod\.example/ }],
    use: { spiffeId: 'spiffe://prod.example/ledger', trustDomains: ['prod.example', 'partner.example'], refused: [] }
  })
})

test('no key is ever printed', async (t) => {
  const { agent, run } = await ask(t)
  const svid = await prod.svid()
  agent.push({ svids: [svid], federatedBundles })
  const key = Buffer.from(svid.key as Uint8Array)
  for (const args of [[], ['--json'], ['--hint', 'none', '--timeout', '1s']]) {
    const { out, err } = await run(...args)
    for (const form of ['base64', 'hex', 'latin1'] as const) t.notOk(`${out}${err}`.includes(key.toString(form).slice(0, 40)))
    t.notMatch(out, 'PRIVATE KEY')
  }
})

test('a bundle with a fault, and what expires, are problems', async (t) => {
  const { agent, run } = await ask(t)
  agent.push({
    svids: [await prod.svid()],
    federatedBundles: { ...federatedBundles, 'spiffe://bad.example': Buffer.from('garbage'), 'spiffe://Bad.example/x': partner.bundle },
    crls: [Buffer.from('no CRL')]
  })
  const bad = await run('--timeout', '1s')
  t.equal(bad.code, 1)
  t.match(bad.out, / {2}bad\.example +federated\n {2}PROBLEM +SPIFFE data refused: the bundle of bad\.example: certificate 1 is not DER/)
  t.match(bad.out, / {2}Bad\.example +federated\n {2}PROBLEM .*is not a trust domain/)
  t.match(bad.out, / {2}PROBLEM {2}6 octets that are no CRL/)
  agent.push({ svids: [await prod.svid('/ledger', { notAfter: new Date(Date.now() + 30_000) } as object)] })
  t.match(await run(), { code: 1, out: /certificate +EXPIRES: spiffe:\/\/prod\.example\/ledger/ })
  t.match(await run('--within', '1s'), { code: 0 })
  const empty = { svids: [{ ...await prod.svid(), certificates: Buffer.alloc(0) }] }
  agent.push(empty)
  t.match(await run('--timeout', '1s'), { code: 1, out: /PROBLEM +it has no certificate[^]*not usable: / })
})

test('an agent that is not there, denies or is silent ends with 1, and a wrong command line with 2', async (t) => {
  const { agent, run } = await ask(t)
  t.match(await run('--timeout', '1s'), { code: 1, err: /SPIFFE Workload API: no answer within 1000 ms/ })
  agent.answer(7, 'no identity issued')
  t.match(await run(), { code: 1, err: /no identity issued/ })
  await agent.stop()
  t.match(await run(), { code: 1, err: /SPIFFE Workload API: .*(ENOENT|ECONNREFUSED)/ })
  t.match(await peerkitHere('spiffe', '--socket', 'http://x'), { code: 2, err: /socket is "http:\/\/x"; expected unix:/ })
  t.match(await peerkitHere('spiffe', '--socket', agent.address, '--timeout', 'soon'), { code: 2, err: /--timeout/ })
  t.match(JSON.parse((await run('--json')).out), { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API', exitCode: 1 } })
})

test('what the agent says is safe for a terminal', async (t) => {
  const { agent, run } = await ask(t)
  const evil = 'spiffe://\u001b[31mprod\n\u202e'
  agent.push({ svids: [{ ...await prod.svid('/ledger', { hint: '\u001b[2J' }), spiffeId: evil }], federatedBundles: { [evil]: partner.bundle } })
  for (const args of [[], ['--json']]) {
    const { out } = await run('--timeout', '1s', ...args)
    // eslint-disable-next-line no-control-regex
    t.notMatch(out, /[\u001b\u202e]/)
  }
})

test('it works as a process', async (t) => {
  const agent = await startAgent(t)
  agent.push({ svids: [await prod.svid()] })
  t.match(await peerkit('spiffe', '--socket', agent.address), { code: 0, out: /usable as/ })
})
