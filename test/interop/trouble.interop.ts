// Makes the mistakes of docs/trouble.md with real clients, and compares what they show with what the document says.
import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { chromium } from 'playwright-core'
import t, { type Test } from 'tap'
import { freePort } from './free-port.ts'
import { requireTool } from './require-tool.ts'
import { findClients, type Client } from './trouble/clients.ts'
import { codesOf, tablesOf, type Row } from './trouble/tables.ts'
import { makeWorld, type Fault } from './trouble/world.ts'

const openssl = requireTool('openssl')
const browserPath = requireTool('chromium')
const folder = t.testdir()
const clients = findClients(folder)
const world = await makeWorld(folder)

const [endings = [], reasons = []] = tablesOf('The connection ends without a word')
const [unknownServers = [], wrongNames = []] = tablesOf('The client refuses the server')
const [, alerts = []] = tablesOf('The client shows an alert')
const [browser = []] = tablesOf('A browser shows an error')
const [nothing = []] = tablesOf('Nothing answers at all')

const rowOf = (rows: readonly Row[], { name }: Client): Row => {
  const row = rows.find(({ client }) => client === name)
  if (row === undefined) throw new Error(`docs/trouble.md has no row for ${name}`)
  return row
}

/** Whether a client shows one of the things in a cell. */
function showsOne (t: Test, shown: string, cell: string | undefined, what: string): void {
  const codes = codesOf(cell ?? '')
  t.ok(codes.some((code) => shown.includes(code)), what, { shown, codes })
}

for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
  t.test(`over ${version} a client that is refused shows that the connection ended, and the log has the reason`, async (t) => {
    const service = await world.serve(version === 'TLSv1.2' ? version : undefined)
    const url = `https://localhost:${service.port}/`
    const column = `shows with TLS ${version.slice('TLSv'.length)}`
    const documented = reasons.flatMap((row) => codesOf(row['reason in the log'] ?? ''))
    const told: Readonly<Partial<Record<Fault, string>>> = {
      'no certificate': 'no_certificate', 'unknown CA': 'unknown_ca', expired: 'expired', 'not yet valid': 'not_yet_valid', revoked: 'revoked', 'wrong purpose': 'wrong_purpose'
    }
    for (const client of clients) {
      t.match(await client.call(url, world.folderOf('none')), /200/, `${client.name} is served`)
      for (const [fault, reason] of Object.entries(told) as Array<[Fault, string]>) {
        if (fault !== 'unknown CA' && !client.takesAny) continue
        const shown = await client.call(url, world.folderOf(fault))
        const cell = rowOf(endings, client)[column]
        showsOne(t, shown, cell === 'the same' ? rowOf(endings, client)['shows with TLS 1.3'] : cell, `${client.name}, ${fault}`)
        // They send no certificate whose CA the server does not name.
        const silent = fault === 'unknown CA' && ['Go', 'Java'].includes(client.name)
        t.equal(await service.nextReason(), silent ? 'no_certificate' : reason, `${client.name}, ${fault}: the reason in the log`)
        t.ok(documented.includes(reason), reason)
      }
    }
    await service.close()
  })
}

t.test('a client that refuses the server shows why', async (t) => {
  const service = await world.serve()
  for (const client of clients) {
    const unknown = await client.call(`https://localhost:${service.port}/`, world.folderOf('server unknown'))
    showsOne(t, unknown, rowOf(unknownServers, client)['shows'], `${client.name} does not know the CA`)
    const name = await client.call(`https://127.0.0.1:${service.port}/`, world.folderOf('host name'))
    showsOne(t, name, rowOf(wrongNames, client)['shows'], `${client.name} called another name`)
  }
  const documented = ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'ECONNRESET']
  t.ok(service.failedCodes.size > 1)
  t.same([...service.failedCodes].filter((code) => !documented.includes(code)), [])
  await service.close()
})

t.test('a client whose certificate no rule allows gets 403', async (t) => {
  const service = await world.serve()
  for (const client of clients) t.match(await client.call(`https://localhost:${service.port}/`, world.folderOf('no rule')), '403', client.name)
  t.equal(await service.nextReason(), 'no_match')
  await service.close()
})

t.test('a server that sends alerts is shown by its alerts', async (t) => {
  const { port, close } = await startAlerting()
  const url = `https://localhost:${port}/`
  const faults: Readonly<Record<string, Fault>> = {
    'certificate required': 'no certificate', 'unknown ca': 'unknown CA', 'bad certificate': 'not yet valid', 'certificate expired': 'expired', 'unsupported certificate': 'wrong purpose'
  }
  t.same(alerts.map(({ alert }) => alert), Object.keys(faults))
  for (const row of alerts) {
    for (const client of clients.filter(({ name }) => row[name] !== undefined)) {
      const shown = await client.call(url, world.folderOf(faults[row['alert']!]!))
      for (const code of codesOf(row[client.name]!)) t.match(shown, code, `${client.name}, ${row['alert']}`)
    }
    const fetch = clients.find(({ name }) => name.startsWith('`fetch`'))!
    t.match(await fetch.call(url, world.folderOf(faults[row['alert']!]!)), 'UND_ERR_SOCKET')
  }
  const agent = clients.find(({ takesAny }) => !takesAny)!
  t.equal(await agent.call(url, world.folderOf('unknown CA')), 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED alert')
  // Chromium shows another error if it looks at the connection only after the server has closed it.
  const shown: string[] = []
  while (shown.length < 30 && shown.at(-1)?.includes('ERR_BAD_SSL_CLIENT_AUTH_CERT') !== true) shown.push(await openedBy(url))
  t.match(shown.at(-1), 'ERR_BAD_SSL_CLIENT_AUTH_CERT')
  await close()
})

t.test('Chromium without a certificate shows an error of the table', async (t) => {
  const service = await world.serve()
  const [, refused = {}, unknown = {}] = browser
  showsOne(t, await openedBy(`https://localhost:${service.port}/`), refused['Chromium shows'], 'refused')
  showsOne(t, await openedBy(`https://localhost:${service.port}/`, false), unknown['Chromium shows'], 'unknown CA')
  await service.close()
})

t.test('curl shows that nothing answers as the table says', async (t) => {
  const curl = clients[0]!
  const service = await world.serve()
  const [absent = {}, , plain = {}, other = {}] = nothing
  const none = await freePort()
  showsOne(t, await curl.call(`https://localhost:${none}/`, world.folderOf('none')), absent['the client shows'], 'nothing listens')
  showsOne(t, await curl.call(`http://localhost:${service.port}/`, world.folderOf('none')), plain['the client shows'], 'plain HTTP')
  t.match([...service.failedCodes], ['ERR_SSL_HTTP_REQUEST'])
  await service.close()
  const { createServer } = await import('node:http')
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const shown = await curl.call(`https://localhost:${(server.address() as { port: number }).port}/`, world.folderOf('none'))
  for (const code of codesOf(other['the client shows'] ?? '')) t.match(shown, code)
  server.close()
})

/** `openssl s_server`, which requires a client certificate and says by an alert why it refuses one. */
async function startAlerting (): Promise<{ readonly port: number, close (): Promise<void> }> {
  const port = await freePort()
  const child: ChildProcess = spawn(openssl, [
    's_server', '-accept', String(port), '-www', '-Verify', '2', '-verify_return_error',
    '-cert', `${world.server}/cert.pem`, '-key', `${world.server}/key.pem`, '-CAfile', `${world.server}/ca.pem`
  ], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'close')
  let text = ''
  for await (const chunk of child.stdout!.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    if (text.includes('ACCEPT')) break
  }
  child.stdout!.resume()
  return {
    port,
    close: async () => {
      child.kill()
      await ended
    }
  }
}

/** The error that Chromium shows, without a certificate of its own. */
async function openedBy (url: string, ignoreHTTPSErrors = true): Promise<string> {
  const instance = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const page = await instance.newPage({ ignoreHTTPSErrors })
    return await page.goto(url).then(() => 'a page', (error: Error) => error.message)
  } finally {
    await instance.close()
  }
}
