import { writeFileSync } from 'node:fs'
import {
  connectionEnded, credentialsRotated, expirySoon, handshakeRefused, requestAllowed, requestDenied, rulesReloaded
} from '@peerkit/events'
import type { RequestJudgedMessage } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { auditLog } from '@peerkit/mtls-monitor'
import { test } from 'tap'
import { AuditedClients, readAuditLine, readLines } from '../src/forecast/audit.ts'
import { folder } from './support/folder.ts'
import { digicert, forecast, own, r11, read } from './support/public-world.ts'

const AT = '2026-11-28T12:00:00Z'
const at = (day: string): number => Date.parse(`${day}T00:00:00Z`)
const shop = read((await r11.issue({ cn: 'shop' })).der)
const bank = read((await digicert.issue({ cn: 'bank' })).der)
const inner = read((await own.issue({ cn: 'inner' })).der)
const lost = read((await r11.issue({ cn: 'lost', profile: 'server' })).der)

/** The lines that the monitor writes, as pino does, while `act` publishes. */
function record (act: () => void): string[] {
  const lines: string[] = []
  const write = (line: object, msg: string): void => {
    lines.push(JSON.stringify({ level: 30, time: 1, ...line, msg }))
  }
  const audit = auditLog({ info: write, warn: write, error: write }, { allowed: true })
  act()
  audit.close()
  return lines
}

function judged (peer: PeerIdentity | null, time: number): RequestJudgedMessage {
  const rules = { reason: undefined, rules: 'rules', rule: 0, group: undefined, nearest: undefined }
  const request = { requestId: '1', method: 'GET', path: '/', route: '/', remoteAddress: '192.0.2.7' }
  return { v: 1, time, peer, ...rules, ...request }
}

function refuse (peer: PeerIdentity | undefined, reason: 'wrong_purpose' | 'unknown_ca', time: number): void {
  const address = { remoteAddress: '192.0.2.7', remotePort: 1 }
  const wire = { ...address, alpnProtocol: undefined, protocol: undefined, resumed: false }
  handshakeRefused.publish({
    v: 1, time, reason, code: undefined, detail: undefined, peer, fingerprint256: peer?.fingerprint256, ...wire
  })
}

const lines = record(() => {
  requestAllowed.publish(judged(shop, at('2026-11-03')))
  requestAllowed.publish(judged(bank, at('2026-11-02')))
  requestDenied.publish(judged(shop, at('2026-11-01')))
  requestAllowed.publish(judged(inner, at('2026-11-02')))
  requestAllowed.publish(judged(null, at('2026-11-02')))
  const ended = { reason: 'expired', detail: undefined, peer: shop, remoteAddress: undefined } as const
  connectionEnded.publish({ v: 1, time: at('2026-11-05'), ...ended })
  refuse(lost, 'wrong_purpose', at('2026-11-06'))
  refuse(lost, 'unknown_ca', at('2026-11-06'))
  refuse(undefined, 'wrong_purpose', at('2026-11-06'))
  rulesReloaded.publish({ v: 1, time: 1, file: 'rules.json', generation: 2 })
  const credentials = { trustEpoch: 1, warnings: [], notAfter: 1 }
  credentialsRotated.publish({ v: 1, time: 1, identity: shop, generation: 2, trustChanged: false, ...credentials })
  const { issuer, serialNumber, fingerprint256 } = bank
  const named = { name: String(bank), issuer: String(issuer), serialNumber, fingerprint256 }
  const ending = { ...named, notAfter: at('2026-12-01'), left: 1, threshold: '30d' }
  expirySoon.publish({ v: 1, time: at('2026-11-02'), what: 'peer', ...ending })
  expirySoon.publish({ v: 1, time: at('2026-11-04'), what: 'own', ...ending })
})

test('clients of the audit log of the monitor are forecast by their issuer names', async (t) => {
  const app = ['{"level":30,"msg":"server listening"}', '', 'not JSON', '"text"', '{"audit":1,"event":7}']
  const file = folder(t, { 'audit.jsonl': [...lines, ...app].join('\n') })
  const { code, out } = await forecast('--audit', file('audit.jsonl'), '--at', AT, '--json')
  t.equal(code, 1)
  const { forecasts, audit } = JSON.parse(out)
  t.same(audit, {
    files: [
      { file: file('audit.jsonl'), lines: lines.length + 4, broken: 3, clientLines: 7, strangers: 1, hasAllowed: true }
    ],
    leftOut: 0
  })
  t.same(forecasts.map((row: any) => [row.name, row.state, row.needsAction, row.operator, row.losesClientAuth]), [
    [String(lost), 'lacks', true, 'Let\'s Encrypt', undefined],
    [String(shop), 'loses', true, 'Let\'s Encrypt', '2026-05-13'],
    [String(bank), 'loses', false, 'DigiCert', '2027-03-01'],
    [String(inner), 'not_affected', false, undefined, undefined]
  ])
  const midnight = (day: string): string => `2026-11-0${day}T00:00:00Z`
  t.same(forecasts.map(({ seen }: any) => seen), [
    { count: 1, first: midnight('6'), last: midnight('6'), refused: true },
    { count: 3, first: midnight('1'), last: midnight('5'), refused: false },
    { count: 2, first: midnight('2'), last: midnight('2'), refused: false },
    { count: 1, first: midnight('2'), last: midnight('2'), refused: false }
  ])
  t.match(forecasts[2], { use: 'client', source: 'audit', evidence: 'issuer_name', notAfter: '2026-12-01T00:00:00Z' })
  t.equal(forecasts[2].clientAuth, undefined)
  t.match(forecasts[1].advice, /^Ask the client for a certificate from a private CA before its next renewal\. To acc/)
})

test('the text says how often a client was seen, and what was passed over', async (t) => {
  const [, , denial = ''] = lines
  const file = folder(t, { 'audit.jsonl': [...lines, 'broken'].join('\r\n'), 'denied.jsonl': denial })
  const { out } = await forecast('--audit', file('audit.jsonl'), '--at', AT)
  t.match(
    out, /^LACKS {2}already +client {2}CN=lost .*\n.*\n {4}a handshake was refused because it is not for clients\n/
  )
  t.match(out, /LOSES {2}from 2026-05-13 {2}client {2}CN=shop .*\(audit log\)\n {4}from Let's Encrypt, a pu/)
  t.match(out, '(by its issuer name only)\n    an audit log does not say whether it has clientAuth\n')
  t.match(out, '    seen in 3 lines, first 2026-11-01T00:00:00Z, last 2026-11-05T00:00:00Z\n')
  const passedOver = '1 unreadable, 1 of unverified clients ignored'
  t.match(out, `audit.jsonl: ${lines.length + 1} lines, 7 of clients, ${passedOver}\n`)
  t.match(out, /To do: 2 of 4/)
  const denied = await forecast('--audit', file('denied.jsonl'), '--at', AT)
  t.match(
    denied.out, '1 lines, 1 of clients. It has no line of an allowed request, so clients that were always allowed'
  )
  t.match(denied.out, /seen in 1 line, first/)
})

test('a CA of --ca that bears the issuer\'s name says what the client is', async (t) => {
  const file = folder(t, { 'audit.jsonl': lines.join('\n'), 'ca.pem': own.certificate + r11.certificate })
  const { out } = await forecast('--audit', file('audit.jsonl'), '--ca', file('ca.pem'), '--at', AT)
  t.match(out, /CN=inner .*: not affected, from a private CA \(by its issuer name only\)/)
  t.match(out, /CN=shop .*\n {4}from Let's Encrypt/)
})

test('lines that lack something are read as far as they go', async (t) => {
  const issuer = 'CN=R11,O=Let\'s Encrypt'
  const common = { audit: 1, event: 'request:denied', peer: 'CN=x' }
  const line = (fields: object): string => JSON.stringify({ ...common, ...fields })
  const poor = [line({ issuer }), line({ issuer: '=…' }), line({}), line({ issuer, when: 'never' })]
  const file = folder(t, { 'audit.jsonl': poor.join('\n') })
  const { forecasts } = JSON.parse((await forecast('--audit', file('audit.jsonl'), '--json')).out)
  t.match(forecasts, [{ operator: 'Let\'s Encrypt', seen: { count: 2 } }, { evidence: 'none' }, { evidence: 'none' }])
  t.same(Object.keys(forecasts[0].seen), ['count', 'refused'])
  t.match((await forecast('--audit', file('audit.jsonl'))).out, /\n {4}seen in 2 lines\n/)
  t.equal(readAuditLine(line({ peer: 'x'.repeat(513) })), 'broken')
  t.equal(readAuditLine('null'), 'broken')
  t.equal(readAuditLine('{}'), 'other')
  t.equal(readAuditLine(line({ event: 'audit:dropped' })), 'other')
})

test('a client that was let in and later refused is one', (t) => {
  const clients = new AuditedClients(2)
  const seen = { event: '', name: 'a', issuer: undefined, serialNumber: undefined, notAfter: undefined }
  clients.add({ ...seen, fingerprint256: 'aa', when: 5, isVerified: true })
  clients.add({ ...seen, fingerprint256: 'aa', when: 9, isVerified: false })
  for (const fingerprint256 of ['bb', 'cc', 'cc']) clients.add({ ...seen, fingerprint256, when: 1, isVerified: false })
  t.match(clients.list(), [
    { fingerprint256: 'aa', count: 2, firstSeen: 5, lastSeen: 9, refused: true },
    { fingerprint256: 'bb', refused: true }
  ])
  t.equal(clients.leftOut, 2, 'those that are refused take no room of others')
  clients.add({ ...seen, fingerprint256: 'dd', when: 1, isVerified: true })
  t.equal(clients.list().length, 3)
  t.end()
})

test('lines of any length are read in bounded memory', async (t) => {
  const file = folder(t, { 'lines.txt': '' })('lines.txt')
  const text = `${'a'.repeat(70_000)}\n\n${'b'.repeat(10)}\nü${'c'.repeat(65_530)}\n${'d'.repeat(200_000)}`
  writeFileSync(file, text)
  const found: Array<string | undefined> = []
  for await (const line of readLines(file, 1 << 16)) found.push(line)
  t.same(found, [undefined, 'b'.repeat(10), `ü${'c'.repeat(65_530)}`, undefined])
})

test('more clients than are kept are told, and a file that is no log is refused', async (t) => {
  const many = Array.from({ length: 50_002 }, (_, index) =>
    `{"audit":1,"event":"request:denied","peer":"CN=x","fingerprint256":"${index}"}\n`)
  const file = folder(t, { 'many.jsonl': many.join(''), 'text.log': 'a\nb\n', 'empty.jsonl': '' })
  const audit = (name: string): ReturnType<typeof forecast> => forecast('--audit', file(name))
  t.match((await audit('many.jsonl')).out, '\nThere are too many clients: 2 lines were ignored.\n')
  const text = await audit('text.log')
  t.equal(text.code, null)
  t.match(text.err, /--audit .*text\.log: found no JSON in any of 2 lines; expected JSON lines of an audit log, not c/)
  t.match(await audit('nowhere'), { code: null, err: /--audit .*nowhere: found no such file; expected JSON lines/ })
  t.match(await audit('.'), { code: null, err: /found a folder/ })
  t.match(await audit('empty.jsonl'), { code: 0, out: /empty\.jsonl: 0 lines, 0 of clients[^]*Nothing to do/ })
})
