// CRLs that are made elsewhere: a million entries by `openssl ca`, every reason by Python's cryptography; and writers that are killed in the middle.
import { createDevCa } from '@peerkit/dev-ca'
import { fileCredentials } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrl, parseCrl } from '@peerkit/revocation'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const python = requireTool('python3')
const ca = await createDevCa()
const issuer = parsePeerIdentity(ca.der)
const REVOKED = '260102030405Z'
const REVOKED_AT = Date.UTC(2026, 0, 2, 3, 4, 5)

/** The text database of `openssl ca`, in a folder with its configuration and the CA. */
function makeDatabase (test: Test, serials: readonly string[]): (name: string) => string {
  const lines = serials.map((serial, index) => `R\t400101000000Z\t${REVOKED}${index % 4 === 0 ? ',keyCompromise' : ''}\t${serial.toUpperCase()}\tunknown\t/CN=x\n`)
  const folder = test.testdir({ 'ca.pem': ca.certificate, 'ca.key': ca.key, 'index.txt': lines.join(''), number: '01\n' })
  const file = (name: string): string => join(folder, name)
  writeFileSync(file('ca.cnf'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${file('index.txt')}\ncrlnumber=${file('number')}\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=crl\n[crl]\nauthorityKeyIdentifier=keyid\n`)
  return file
}

function publishArguments (file: (name: string) => string, out: string): string[] {
  return ['ca', '-config', file('ca.cnf'), '-gencrl', '-cert', file('ca.pem'), '-keyfile', file('ca.key'), '-out', file(out)]
}

function randomSerial (): string {
  const octets = randomBytes(20)
  octets[0] = 1 + octets[0]! % 0x7f
  return octets.toString('hex')
}

t.test('a million entries that openssl wrote load whole, PEM and DER, in slices and in bounded memory', async (test) => {
  const serials = Array.from({ length: 1_000_000 }, randomSerial)
  const file = makeDatabase(test, serials)
  execFileSync(openssl, publishArguments(file, 'crl.pem'), { stdio: 'pipe' })
  execFileSync(openssl, ['crl', '-in', file('crl.pem'), '-outform', 'DER', '-out', file('crl.der')], { stdio: 'pipe' })
  const absent = serials.slice(0, 100_000).map((serial) => serial.slice(0, -2) + (serial.endsWith('00') ? '01' : '00'))
  const known = new Set(serials)
  for (const name of ['crl.pem', 'crl.der']) {
    let pauses = 0
    let longest = 0
    let last = performance.now()
    const start = last
    const pause = async (): Promise<void> => {
      pauses++
      longest = Math.max(longest, performance.now() - last)
      await new Promise((resolve) => { setImmediate(resolve) })
      last = performance.now()
    }
    const index = await loadCrl(readFileSync(file(name)), { issuers: [issuer], pause })
    test.comment(`${name}: ${(performance.now() - start).toFixed(0)} ms in ${pauses} turns, the longest ${longest.toFixed(1)} ms; ${(index.byteLength / 2 ** 20).toFixed(1)} MiB held`)
    test.equal(index.size, known.size)
    test.equal(index.number, 1n)
    test.ok(index.byteLength < 64 << 20 && pauses > 500)
    let wrong = 0
    for (const [i, serial] of serials.entries()) {
      const entry = index.find(serial)
      if (entry?.revokedAt !== REVOKED_AT || entry.reason !== (i % 4 === 0 ? 'keyCompromise' : undefined)) wrong++
    }
    test.equal(wrong, 0, 'each is found, with its reason and its date')
    test.equal(absent.filter((serial) => index.has(serial) && !known.has(serial)).length, 0, 'and nothing else')
  }
})

t.test('what Python writes reads as it was meant: reasons, dates beyond 2050, other extensions of entries', (test) => {
  const folder = test.testdir({ 'ca.pem': ca.certificate, 'ca.key': ca.key })
  const script = `
import sys, datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
folder = sys.argv[1]
ca = x509.load_pem_x509_certificate(open(folder + '/ca.pem', 'rb').read())
key = serialization.load_pem_private_key(open(folder + '/ca.key', 'rb').read(), None)
now = datetime.datetime.utcnow()
builder = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now).next_update(now + datetime.timedelta(days=1)).add_extension(x509.CRLNumber(2**100), False)
builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
for i, reason in enumerate(['unspecified', 'key_compromise', 'ca_compromise', 'affiliation_changed', 'superseded', 'cessation_of_operation', 'certificate_hold', 'privilege_withdrawn', 'aa_compromise']):
    entry = x509.RevokedCertificateBuilder().serial_number(0x80 + i).revocation_date(datetime.datetime(2026, 1, 2, 3, 4, 5))
    entry = entry.add_extension(x509.CRLReason(getattr(x509.ReasonFlags, reason)), False).add_extension(x509.InvalidityDate(datetime.datetime(2025, 1, 1)), False)
    builder = builder.add_revoked_certificate(entry.build())
builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(2**159 - 1).revocation_date(datetime.datetime(2060, 1, 1)).build())
crl = builder.sign(key, hashes.SHA384())
for name, encoding in (('crl.pem', serialization.Encoding.PEM), ('crl.der', serialization.Encoding.DER)):
    open(folder + '/' + name, 'wb').write(crl.public_bytes(encoding))
`
  execFileSync(python, ['-W', 'ignore', '-c', script, folder], { stdio: 'pipe' })
  const reasons = [undefined, 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'privilegeWithdrawn', 'aACompromise']
  for (const name of ['crl.pem', 'crl.der']) {
    const index = parseCrl(readFileSync(join(folder, name)), { issuers: [issuer] })
    test.same([index.size, index.number], [10, 2n ** 100n])
    for (const [i, reason] of reasons.entries()) test.same(index.find((0x80 + i).toString(16)), { reason, revokedAt: REVOKED_AT })
    test.match(index.find('7f' + 'ff'.repeat(19)), { revokedAt: Date.UTC(2060, 0, 1) })
  }
  test.end()
})

t.test('openssl writes over the list in force, and is killed at it: the old list stays until a whole one is there', async (test) => {
  const [early, late] = await Promise.all([ca.issue({ cn: 'early' }), ca.issue({ cn: 'late' })])
  const own = await ca.issue({ cn: 'own' })
  const many = Array.from({ length: 200_000 }, randomSerial)
  const file = makeDatabase(test, [...many, early.serialNumber])
  const publish = (): void => { execFileSync(openssl, publishArguments(file, 'crl.pem'), { stdio: 'pipe' }) }
  publish()
  const { size } = statSync(file('crl.pem'))
  writeFileSync(file('own.pem'), own.chain)
  writeFileSync(file('own.key'), own.key)
  const source = await fileCredentials({ cert: file('own.pem'), key: file('own.key'), ca: file('ca.pem'), crl: file('crl.pem'), reportAfter: 1 })
  test.teardown(() => source.close())
  const stateOf = async ({ der }: { der: Uint8Array }): Promise<unknown> => (await source.current.revocation?.check(parsePeerIdentity(der), issuer))?.state
  const states = async (): Promise<unknown[]> => [await stateOf(early), await stateOf(late)]
  test.same(await states(), ['revoked', 'good'])
  // Neither source nor timers keep a process alive.
  const alive = setInterval(() => {}, 60_000)
  test.teardown(() => { clearInterval(alive) })
  const changes: string[] = []
  const waiters = new Set<() => void>()
  source.subscribe(({ type }) => {
    changes.push(type)
    for (const wake of waiters) wake()
  })
  // What was refused and is taken is told twice: as rotated, and as recovered.
  const until = async (wanted: string): Promise<void> => {
    while (changes.findLast((type) => type !== 'recovered') !== wanted) await new Promise<void>((resolve) => { waiters.add(resolve) })
  }

  // Half of the next list, as it was when the writer was killed.
  const script = `
import os, signal, sys
whole = open(sys.argv[1], 'rb').read()
out = open(sys.argv[2], 'wb')
out.write(whole[:len(whole) // 2])
out.flush()
os.kill(os.getpid(), signal.SIGKILL)
`
  writeFileSync(file('index.txt'), `R\t400101000000Z\t${REVOKED}\t${late.serialNumber.toUpperCase()}\tunknown\t/CN=late\n`, { flag: 'a' })
  execFileSync(openssl, publishArguments(file, 'next.pem'), { stdio: 'pipe' })
  const killed = spawn(python, ['-c', script, file('next.pem'), file('crl.pem')])
  const [, signal] = await once(killed, 'exit')
  test.equal(signal, 'SIGKILL')
  test.ok(statSync(file('crl.pem')).size < size)
  await until('refused')
  test.same(await states(), ['revoked', 'good'], 'half a list takes nothing back')
  test.notOk(changes.includes('rotated'))

  publish()
  await until('rotated')
  test.same(await states(), ['revoked', 'revoked'])
})
