// The same chains before createPathValidator and before `openssl verify -x509_strict`: whatever we believe OpenSSL believes, and what it believes we refuse only for a reason that is written here.
import { createDevCa, type CaOptions, type ExtensionOption, type IssueOptions } from '@peerkit/dev-ca'
import { createPathValidator } from '@peerkit/trust'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const run = promisify(execFile)

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, content.length]), content])
}
const text = (tag: number, value: string): Buffer => tlv(tag, Buffer.from(value))
const subtrees = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []): ExtensionOption => ({
  oid: '2.5.29.30',
  critical: true,
  value: tlv(0x30, ...(permitted.length > 0 ? [tlv(0xa0, ...permitted.map((base) => tlv(0x30, base)))] : []), ...(excluded.length > 0 ? [tlv(0xa1, ...excluded.map((base) => tlv(0x30, base)))] : []))
})
const hex = (oid: string, critical: boolean, value: string): ExtensionOption => ({ oid, critical, value: Buffer.from(value, 'hex') })
const serverAuth = hex('2.5.29.37', false, '300a06082b06010505070301')
const clientAuth = hex('2.5.29.37', false, '300a06082b06010505070302')
const unknownCritical = hex('1.2.3.4', true, '0500')
const ended = { notBefore: new Date(Date.now() - 5e9), notAfter: new Date(Date.now() - 1e9) }

/** What may be odd about a CA; the first is nothing. */
const AUTHORITIES: Readonly<Record<string, CaOptions>> = {
  plain: {},
  'pathLen 0': { pathLength: 0 },
  'for clients': { extensions: [clientAuth] },
  'for servers': { extensions: [serverAuth] },
  'CRLs only': { extensions: [hex('2.5.29.15', true, '03020102')] },
  'no CA': { extensions: [hex('2.5.29.19', true, '3000')] },
  'unknown critical': { extensions: [unknownCritical] },
  ended,
  'DNS example.com': { extensions: [subtrees([text(0x82, 'example.com')])] },
  'not DNS example.com': { extensions: [subtrees([], [text(0x82, 'example.com')])] },
  'URI .example.com': { extensions: [subtrees([text(0x86, '.example.com')])] },
  'mail example.com': { extensions: [subtrees([text(0x81, 'example.com')])] },
  '10.0.0.0/8': { extensions: [subtrees([tlv(0x87, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0]))])] },
  RSA: { key: 'rsa-2048' },
  Ed25519: { key: 'ed25519' },
  'explicit policy': { extensions: [hex('2.5.29.36', true, '3003800100')] }
}

const LEAVES: Readonly<Record<string, IssueOptions>> = {
  client: { profile: 'client', cn: 'client' },
  server: { profile: 'server', cn: 'server' },
  'no purposes': { cn: 'any', extendedKeyUsage: [] },
  'any purpose': { cn: 'any', extendedKeyUsage: ['2.5.29.37.0'] },
  ended: { profile: 'client', cn: 'old', ...ended },
  'unknown critical': { profile: 'client', extensions: [unknownCritical] },
  encipherment: { profile: 'client', extensions: [hex('2.5.29.15', true, '03020520')] },
  'a.example.com': { profile: 'client', dns: 'a.example.com' },
  'a.example.org': { profile: 'client', dns: ['a.example.com', 'a.example.org'] },
  'host in the common name': { profile: 'client', cn: 'a.example.org' },
  uris: { profile: 'client', spiffe: 'spiffe://td.example.com/a' },
  'other uris': { profile: 'client', spiffe: 'spiffe://example.org/a' },
  mail: { profile: 'client', email: 'joe@example.com' },
  'other mail': { profile: 'client', email: 'joe@example.org' },
  '10.1.2.3': { profile: 'client', ip: '10.1.2.3' },
  '11.1.2.3': { profile: 'client', ip: '11.1.2.3' },
  RSA: { profile: 'client', cn: 'rsa', key: 'rsa-2048' }
}

/** Where OpenSSL accepts and we do not: it heeds no policy constraints of an anchor, which RFC 5937 does. */
const STRICTER: readonly string[] = ['root explicit policy']

async function compare (t: Test, folder: string, title: string, root: CaOptions, upper: CaOptions, lower: CaOptions, leaf: IssueOptions): Promise<void> {
  const anchor = await createDevCa({ name: 'root', ...root })
  const middle = await anchor.intermediate({ name: 'upper', pathLength: 5, ...upper })
  const issuer = await middle.intermediate({ name: 'lower', ...lower })
  const issued = await issuer.issue(leaf)
  const verdict = await createPathValidator({ anchors: () => [anchor.der] }).validate(issued.der, [middle.der, issuer.der])
  for (const [name, pem] of Object.entries({ root: anchor.certificate, chain: issuer.chain, leaf: issued.cert })) writeFileSync(join(folder, name), pem)
  const said = await run(openssl, ['verify', '-x509_strict', '-purpose', 'sslclient', '-policy_check', '-CAfile', join(folder, 'root'), '-untrusted', join(folder, 'chain'), join(folder, 'leaf')])
    .then(() => 'OK', (error: { stderr: string }) => error.stderr.replace(/\s+/g, ' '))
  const ours = verdict.valid ? 'OK' : `${verdict.step}: ${verdict.detail}`
  const agreed = verdict.valid === (said === 'OK') || (!verdict.valid && STRICTER.includes(title))
  t.ok(agreed, `${title}: ${verdict.valid ? 'believed' : verdict.step}`, { ours, openssl: said })
}

t.test('agrees with openssl verify -x509_strict on chains with one oddity', async (t) => {
  const folder = t.testdir({})
  for (const [name, leaf] of Object.entries(LEAVES)) await compare(t, folder, `leaf ${name}`, {}, {}, {}, leaf)
  for (const [name, options] of Object.entries(AUTHORITIES)) {
    await compare(t, folder, `root ${name}`, options, {}, {}, LEAVES['client']!)
    await compare(t, folder, `upper CA ${name}`, {}, options, {}, LEAVES['client']!)
    await compare(t, folder, `lower CA ${name}`, {}, {}, options, LEAVES['client']!)
  }
})

t.test('agrees on names under constraints, wherever these are', async (t) => {
  const folder = t.testdir({})
  for (const constraint of ['DNS example.com', 'not DNS example.com', 'URI .example.com', 'mail example.com', '10.0.0.0/8']) {
    for (const name of ['client', 'a.example.com', 'a.example.org', 'host in the common name', 'uris', 'other uris', 'mail', 'other mail', '10.1.2.3', '11.1.2.3']) {
      await compare(t, folder, `${constraint}, ${name}`, {}, AUTHORITIES[constraint]!, {}, LEAVES[name]!)
    }
    await compare(t, folder, `${constraint} of the root`, AUTHORITIES[constraint]!, {}, {}, LEAVES['a.example.com']!)
  }
})

t.test('agrees on chains with several oddities, drawn by lot', async (t) => {
  const folder = t.testdir({})
  let state = 11
  const draw = <Value>(from: Readonly<Record<string, Value>>): [string, Value] => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const entries = Object.entries(from)
    // Every second time the plain one: chains with an oddity everywhere are all refused.
    return entries[(state >>> 8) % 2 === 0 ? 0 : (state >>> 16) % entries.length]!
  }
  for (let round = 0; round < 80; round += 1) {
    const [[upper, upperOptions], [lower, lowerOptions], [leaf, leafOptions]] = [draw(AUTHORITIES), draw(AUTHORITIES), draw(LEAVES)]
    await compare(t, folder, `${upper} / ${lower} / ${leaf}`, {}, upperOptions, lowerOptions, leafOptions)
  }
})
