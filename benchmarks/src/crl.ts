// A CRL of a million entries: how long loading takes, for how long at most the event loop waits meanwhile, what it holds, what an answer takes.
// Run: node --expose-gc --conditions=@peerkit/source src/crl.ts [entries] [reasons]
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrl, loadCrlChecker } from '@peerkit/revocation'
import { createSign, randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'

const ENTRIES = Number(process.argv[2] ?? 1_000_000)
const WITH_REASONS = process.argv[3] === 'reasons'
const LOOKUPS = 1_000_000
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})

const ca = await createDevCa({ name: 'Benchmark CA' })
const issuer = parsePeerIdentity(ca.der)
const leaf = parsePeerIdentity((await ca.issue({ cn: 'good' })).der)

{
  const { der, listed } = writeCrl(subjectOf(ca.der), ca.key)
  console.log(`Node ${process.version}; ${ENTRIES.toLocaleString('en')} entries, ${(der.length / 1e6).toFixed(1)} MB of DER${WITH_REASONS ? ', each with a reason' : ''}`)
  for (let round = 0; round < 3; round++) await measureLoad('DER', der)
  const pem = Buffer.from(`-----BEGIN X509 CRL-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END X509 CRL-----\n`)
  for (let round = 0; round < 2; round++) await measureLoad('PEM', pem)
  await measureHeld(der)
  await measureAnswers(der, listed)
}

async function measureLoad (form: string, crl: Uint8Array): Promise<void> {
  collect()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const gaps = watchGaps()
  delay.enable()
  const start = performance.now()
  await loadCrl(crl, { issuers: [issuer] })
  const took = performance.now() - start
  await nextTurn()
  delay.disable()
  console.log(`load ${form}: ${took.toFixed(0)} ms; longest turn of the event loop ${gaps.stop().toFixed(1)} ms (monitorEventLoopDelay max ${(delay.max / 1e6).toFixed(1)} ms)`)
}

/** The longest time between two turns, measured by a chain of setImmediate of its own. */
function watchGaps (): { stop (): number } {
  let longest = 0
  let last = performance.now()
  let running = true
  const look = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (running) setImmediate(look)
  }
  setImmediate(look)
  return { stop () { running = false; look(); return longest } }
}

async function measureHeld (der: Uint8Array): Promise<void> {
  collect()
  await nextTurn()
  collect()
  const before = process.memoryUsage()
  const checker = await loadCrlChecker({ crls: [der], issuers: [issuer] })
  collect()
  await nextTurn()
  collect()
  const after = process.memoryUsage()
  const grown = (after.arrayBuffers - before.arrayBuffers) + (after.heapUsed - before.heapUsed)
  console.log(`held: ${(grown / 2 ** 20).toFixed(1)} MiB of buffers and heap, of which the index is ${((checker.lists[0]?.byteLength ?? 0) / 2 ** 20).toFixed(1)} MiB`)
  await checker.close()
}

async function measureAnswers (der: Uint8Array, listed: readonly string[]): Promise<void> {
  const index = await loadCrl(der, { issuers: [issuer] })
  const absent = Array.from({ length: listed.length }, () => serial().toString('hex'))
  const checker = await loadCrlChecker({ crls: [index], issuers: [issuer] })
  for (const [name, serials] of [['listed', listed], ['not listed', absent]] as const) {
    const ns = bestOf(() => { for (let i = 0; i < LOOKUPS; i++) index.has(serials[i % serials.length]!) })
    console.log(`index, ${name}: ${ns.toFixed(0)} ns per answer`)
  }
  const ns = bestOf(() => { for (let i = 0; i < LOOKUPS; i++) checker.check(leaf, issuer) })
  console.log(`checker, one good certificate again and again: ${ns.toFixed(0)} ns per answer`)
  await checker.close()
}

function bestOf (run: () => void): number {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    run()
    best = Math.min(best, performance.now() - start)
  }
  return best / LOOKUPS * 1e6
}

/** A CRL of random serials of 20 octets, signed with the key. Every hundredth serial is kept for looking up. */
function writeCrl (issuerName: Uint8Array, key: string): { der: Uint8Array, listed: string[] } {
  const reason = WITH_REASONS ? Buffer.from('300c300a0603551d1504030a0101', 'hex') : Buffer.alloc(0)
  const length = 2 + 20 + 15 + reason.length
  const date = Buffer.from('\x17\x0d260101000000Z', 'latin1')
  const entries = Buffer.allocUnsafe(ENTRIES * (2 + length))
  const listed: string[] = []
  for (let i = 0, at = 0; i < ENTRIES; i++, at += 2 + length) {
    const octets = serial()
    entries[at] = 0x30
    entries[at + 1] = length
    entries[at + 2] = 0x02
    entries[at + 3] = 20
    octets.copy(entries, at + 4)
    date.copy(entries, at + 24)
    reason.copy(entries, at + 39)
    if (i % 100 === 0) listed.push(octets.toString('hex'))
  }
  const ecdsaSha256 = element(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
  const times = [Date.now() - 60_000, Date.now() + 86_400_000].map((time) => element(0x17, Buffer.from(`${new Date(time).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`)))
  const tbs = element(0x30, Buffer.from('020101', 'hex'), ecdsaSha256, issuerName, ...times, element(0x30, entries))
  const signature = createSign('sha256').update(tbs).sign(key)
  return { der: element(0x30, tbs, ecdsaSha256, element(0x03, Buffer.alloc(1), signature)), listed }
}

function serial (): Buffer {
  const octets = randomBytes(20)
  octets[0] = (octets[0]! & 0x7f) | 0x40
  return octets
}

function element (tag: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = length < 0x80 ? [tag, length] : [tag, 0x84, length >>> 24, length >>> 16, length >>> 8, length]
  while (head[1]! > 0x81 && head[2] === 0) head.splice(1, 2, head[1]! - 1)
  return Buffer.concat([Uint8Array.from(head), ...parts])
}

/** The subject's DER, cut out of a certificate: the sixth element of its tbsCertificate. */
function subjectOf (der: Uint8Array): Uint8Array {
  let at = enter(der, enter(der, 0))
  for (let i = 0; i < 5; i++) at = skip(der, at)
  return der.subarray(at, skip(der, at))
}

function enter (der: Uint8Array, at: number): number {
  return at + (der[at + 1]! < 0x80 ? 2 : 2 + (der[at + 1]! & 0x7f))
}

function skip (der: Uint8Array, at: number): number {
  const start = enter(der, at)
  let length = der[at + 1]!
  if (length >= 0x80) {
    length = 0
    for (let i = at + 2; i < start; i++) length = length * 256 + der[i]!
  }
  return start + length
}
