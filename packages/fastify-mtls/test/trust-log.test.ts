import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blockFile, blockMemory, fileTrust, memoryCredentials, memoryTrust } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { mtlsServerOptions } from '../src/index.ts'
import { logBlockChanges, logTrustChanges } from '../src/log/credentials-log.ts'

test('every change of the trust is written to the log, and the same refusal once', async (t) => {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await ca.issue({ dns: 'localhost' })
  const credentials = memoryCredentials({ cert, key, ca: ca.root, crl: (await ca.crl()).pem })
  t.after(async () => { await credentials.close() })
  const lines: Array<readonly [level: string, text: string, fields: any]> = []
  const writer = (level: string) => (fields: any, text: string): void => { lines.push([level, text, fields]) }
  let hasAudit = false
  const end = logTrustChanges(credentials, { info: writer('info'), warn: writer('warn') } as any, () => hasAudit)
  const seen = (): unknown => lines.splice(0).map(([level, text]) => `${level}: ${text}`)

  credentials.update({ ca: [ca.root, other.root] })
  t.match(lines[0]?.[2], { generation: 2, trustChanged: true, notAfter: /^\d{4}-/ })
  t.match(seen(), [/: new credentials in force/])

  for (let turn = 0; turn < 2; turn++) t.throws(() => { credentials.update({ crl: [] }) })
  t.match(lines[0]?.[2], { code: /^MTLS_ERR_/, detail: /CRL of .* is missing, though/, generation: 2 })
  t.strictSame(seen(), ['warn: new credentials refused; those in force stay'])

  t.throws(() => { credentials.update({ cert: 'no PEM' }) })
  t.throws(() => { credentials.update({ crl: [] }) })
  t.strictSame(seen(), Array(2).fill('warn: new credentials refused; those in force stay'), 'another cause is told, and the first again')

  hasAudit = true
  t.throws(() => { credentials.update({ cert: 'no PEM' }) })
  hasAudit = false
  end()
  credentials.update({ ca: [ca.root, other.root], crl: (await ca.crl()).pem })
  t.strictSame(seen(), [], 'an audit log has lines of its own; and the end is the end')
})

/** A logger of Fastify that keeps its lines. */
function keep (): { lines: any[], logger: object } {
  const lines: any[] = []
  return { lines, logger: { level: 'info', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } }
}

test('a server says at its start what is doubtful about its trust, and later what became of its block list', async (t) => {
  const [ca, other] = [await createDevCa(), await createDevCa({ name: 'Other' })]
  const { chain: cert, key } = await ca.issue({ dns: 'localhost' })
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-'))
  t.after(() => { rmSync(folder, { recursive: true, force: true }) })
  const path = join(folder, 'block.yaml')
  writeFileSync(path, 'version: 1\nblock: []')
  const block = await blockFile(path, { watch: false })
  t.after(async () => { await block.close() })
  const foreign = (await other.crl()).pem
  const direct = memoryCredentials({ cert, key, ca: ca.root, crl: [(await ca.crl()).pem, foreign] })
  const trust = memoryTrust({ ca: ca.root, crl: [(await ca.crl()).pem, foreign] })
  t.after(async () => { await Promise.all([direct.close(), trust.close()]) })
  for (const [kind, server, options] of [
    ['direct', mtlsServerOptions(direct, { block }), {}],
    ['behind a gateway', {}, { trust, block, forwarded: { format: 'rfc9440', gateways: { addresses: ['127.0.0.1'] } } }]
  ] as const) {
    const { lines, logger } = keep()
    const app = Fastify({ ...server, logger } as never)
    await app.register(fastifyMtls, options as never)
    t.match(lines, [{ level: 40, generation: 1, warnings: [/CRL.*Other/], msg: 'credentials in force, with warnings' }], kind)
    writeFileSync(path, 'block: [')
    await t.rejects(block.reload(), { code: 'MTLS_ERR_BLOCK_LIST_INVALID' })
    t.match(lines[1], { level: 40, code: 'MTLS_ERR_BLOCK_LIST_INVALID', reason: 'malformed', detail: path, entries: 0, msg: 'new block list refused; the one in force stays' })
    writeFileSync(path, 'version: 1\nblock: [{ name: CN=stolen }]')
    await block.reload()
    t.match(lines[2], { level: 30, added: 1, removed: 0, entries: 1, msg: 'new block list in force' })
    t.match(lines[3], { level: 30, entries: 1, msg: 'the block list is in order again' })
    writeFileSync(path, 'version: 1\nblock: []')
    await block.reload()
    t.equal(lines.length, 5)
    await app.close()
    writeFileSync(path, 'block: [')
    await t.rejects(block.reload())
    t.equal(lines.length, 5, 'the end of the app is the end')
    writeFileSync(path, 'version: 1\nblock: []')
    await block.reload()
  }
})

test('a list that tells nothing has no lines, and memory has', (t) => {
  const told: string[] = []
  const log = { info: (_fields: object, text: string) => { told.push(text) }, warn: () => {} }
  for (const silent of [undefined, () => false, { version: 1, find: () => undefined }]) logBlockChanges(silent, log)()
  const block = blockMemory([])
  const end = logBlockChanges(block, log)
  block.update([{ name: 'CN=stolen' }])
  end()
  block.update([])
  t.strictSame(told, ['new block list in force'])
  t.end()
})

test('the log names the authority whose files were refused, once, and the file', async (t) => {
  const [ca, acme] = [await createDevCa(), await createDevCa({ name: 'Acme' })]
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-'))
  t.after(() => { rmSync(folder, { recursive: true, force: true }) })
  const [internalPem, acmePem] = [join(folder, 'internal.pem'), join(folder, 'acme.pem')]
  writeFileSync(internalPem, ca.root)
  writeFileSync(acmePem, acme.root)
  const trust = await fileTrust({ authorities: { internal: { ca: internalPem, names: 'any' }, acme: { ca: acmePem, names: 'any' } }, watch: false })
  t.after(async () => { await trust.close() })
  const { lines, logger } = keep()
  const app = Fastify({ logger } as never)
  t.after(async () => { await app.close() })
  logTrustChanges(trust, app.log as never, () => false)
  writeFileSync(acmePem, 'broken')
  for (let turn = 0; turn < 2; turn++) await t.rejects(trust.reload())
  t.match(lines, [{ level: 40, authority: 'acme', reason: 'unreadable', detail: /authorities\.acme\.ca \(.*acme\.pem\)/, msg: 'new credentials refused; those in force stay' }])
  t.equal(lines.length, 1)
  writeFileSync(acmePem, acme.root)
  await trust.reload()
  t.match(lines[1], { level: 30, authority: 'acme', generation: 1, msg: 'credentials are in order again' })
  t.equal(lines.length, 2)
})

test('a refusal that comes back once all was in order is written again', async (t) => {
  const ca = await createDevCa()
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-'))
  t.after(() => { rmSync(folder, { recursive: true, force: true }) })
  const path = join(folder, 'ca.pem')
  writeFileSync(path, ca.root)
  const trust = await fileTrust({ ca: path, watch: false })
  t.after(async () => { await trust.close() })
  const told: string[] = []
  const log = { info: (_fields: object, text: string) => { told.push(text) }, warn: (_fields: object, text: string) => { told.push(text) } }
  t.after(logTrustChanges(trust, log as any, () => false))
  for (let turn = 0; turn < 2; turn++) {
    writeFileSync(path, 'half a file')
    for (let attempt = 0; attempt < 2; attempt++) await t.rejects(trust.reload())
    writeFileSync(path, ca.root)
    await trust.reload()
    t.strictSame(told.splice(0), ['new credentials refused; those in force stay', 'credentials are in order again'])
  }
})
