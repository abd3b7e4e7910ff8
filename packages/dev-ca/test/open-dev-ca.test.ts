import { chmodSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DevCaOptionError, DevCaStateError, createDevCa, openDevCa, storeDevCa } from '@peerkit/dev-ca'
import type { KeyType } from '@peerkit/dev-ca'
import { generateKeyPairSync } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'
import { isIssuedBy } from './support/read.ts'

const STATE = 'MTLS_ERR_DEV_CA_STATE'

for (const key of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'ed25519'] as readonly KeyType[]) {
  test(`a CA with an ${key} key goes on from its folder`, async (t) => {
    const folder = join(t.testdir(), 'pki')
    const made = await createDevCa({ key })
    await storeDevCa(made, folder)
    const opened = await openDevCa(folder)
    t.equal(opened.certificate, made.certificate)
    t.equal(opened.key, made.key)
    t.ok(isIssuedBy((await opened.issue()).cert, made.certificate))
    t.equal(parseCrl((await opened.crl()).pem, { issuers: [parsePeerIdentity(made.der)] }).number, 1n)
  })
}

test('an error is of a class, and an error about options is a TypeError', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const missing: unknown = await openDevCa(folder).catch((error: unknown) => error)
  t.ok(missing instanceof DevCaStateError)
  t.match(missing, { name: 'DevCaStateError', code: DevCaStateError.code, cause: { code: 'ENOENT' } })
  const wrong: unknown = await createDevCa({ days: -1 }).catch((error: unknown) => error)
  t.ok(wrong instanceof DevCaOptionError && wrong instanceof TypeError)
  t.match(wrong, { name: 'DevCaOptionError', code: DevCaOptionError.code, message: /^Invalid option: days is -1/ })
})

test('the key is for its owner alone, and no other file is left over', async (t) => {
  const folder = join(t.testdir(), 'deep', 'pki')
  await storeDevCa(await createDevCa(), folder)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  t.equal(statSync(join(folder, 'ca.key')).mode & 0o777, 0o600)
  t.same(readdirSync(folder).sort(), ['ca.key', 'ca.pem', 'chain.pem', 'root.pem', 'state.json'])
})

test('revocations and CRL numbers are kept: those before storing, and those saved', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const made = await createDevCa()
  const date = new Date(Date.UTC(2026, 0, 2))
  made.revoke('aa', { reason: 'superseded', date })
  await made.crl()
  const stored = await storeDevCa(made, folder)
  stored.revoke('bb')
  const base = await stored.crl()
  t.equal(base.number, 2)
  stored.revoke('cc')
  await stored.save()
  const opened = await openDevCa(folder)
  const list = parseCrl((await opened.crl()).pem)
  t.equal(list.number, 3n)
  t.same(list.find('aa'), { reason: 'superseded', revokedAt: +date })
  t.same([list.has('bb'), list.has('cc')], [true, true])
  const delta = parseCrl((await opened.crl({ deltaBase: base.number })).pem)
  t.same([delta.has('bb'), delta.has('cc')], [false, true])
})

test('issued serial numbers are kept when saved, merged, and missing in older folders', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const made = await createDevCa()
  const first = await made.issue()
  const [stored, other] = [await storeDevCa(made, folder), await openDevCa(folder)]
  const [second, third] = [await stored.issue(), await other.issue()]
  await stored.save()
  await other.save()
  const opened = await openDevCa(folder)
  for (const { serialNumber } of [first, second, third]) t.ok(opened.hasIssued(serialNumber))
  const state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))
  delete state.issued
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state))
  t.notOk((await openDevCa(folder)).hasIssued(first.serialNumber))
  for (const issued of ['x', ['zz'], {}]) {
    writeFileSync(join(folder, 'state.json'), JSON.stringify({ ...state, issued }))
    await t.rejects(openDevCa(folder), { code: 'MTLS_ERR_DEV_CA_STATE', message: /state\.json cannot be read/ })
  }
})

test('what was not saved is not kept', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const stored = await storeDevCa(await createDevCa(), folder)
  stored.revoke('aa')
  t.equal(parseCrl((await (await openDevCa(folder)).crl()).pem).size, 0)
})

test('an intermediate goes on from its folder, and a stored CA can be stored elsewhere', async (t) => {
  const folder = t.testdir()
  const root = await storeDevCa(await createDevCa(), join(folder, 'root'))
  const intermediate = await storeDevCa(await root.intermediate(), join(folder, 'middle'))
  intermediate.revoke('aa')
  const copy = await storeDevCa(intermediate, join(folder, 'copy'))
  const leaf = await copy.issue()
  t.equal(leaf.ca, root.certificate)
  t.equal(leaf.chain, leaf.cert + intermediate.certificate)
  t.ok(parseCrl((await copy.crl()).pem).has('aa'))
})

test('a CA that is there is not replaced unless that is asked for', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const first = await createDevCa()
  const second = await createDevCa()
  await storeDevCa(first, folder)
  await t.rejects(storeDevCa(second, folder), { code: STATE, message: /ca\.key exists; use --force/ })
  t.equal((await openDevCa(folder)).certificate, first.certificate)
  chmodSync(join(folder, 'ca.key'), 0o644)
  await storeDevCa(second, folder, { force: true })
  t.equal((await openDevCa(folder)).certificate, second.certificate)
  t.equal(statSync(join(folder, 'ca.key')).mode & 0o777, 0o600)
})

test('an object that is not a CA of this package is not stored', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await t.rejects(
    storeDevCa({ ...await createDevCa() }, folder),
    { code: 'MTLS_ERR_DEV_CA_OPTION', message: /ca is not a CA of this package/ }
  )
})

test('a folder that is missing or not whole is named, and how to make a CA', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await t.rejects(
    openDevCa(folder),
    { code: STATE, message: /pki.*found no such file; expected a CA \(create one with "peerkit ca init --dir/ }
  )
  for (const name of ['ca.pem', 'ca.key', 'root.pem', 'chain.pem', 'state.json']) {
    await storeDevCa(await createDevCa(), folder, { force: true })
    rmSync(join(folder, name))
    await t.rejects(openDevCa(folder), { code: STATE, message: name })
  }
  const file = join(t.testdir({ file: 'x' }), 'file')
  await t.rejects(openDevCa(file), { code: STATE, message: /ENOTDIR/ })
})

test('a damaged state is refused, not taken for an empty one', async (t) => {
  const folder = join(t.testdir(), 'pki')
  await storeDevCa(await createDevCa(), folder)
  const good = {
    version: 1, crlNumber: 1, revocations: [{ serialNumber: 'aa', date: '2026-01-01T00:00:00.000Z', after: 0 }]
  }
  const wrong = ['', '{', 'null', '[]', ...[{ version: 2 }, { crlNumber: '1' }, { revocations: {} },
    { revocations: [null] }, { revocations: [{ serialNumber: 'x', date: '2026', after: 0 }] },
    { revocations: [{ serialNumber: 'aa', date: 'x', after: 0 }] },
    { revocations: [{ serialNumber: 'aa', date: '2026' }] }].map((part) => JSON.stringify({ ...good, ...part }))]
  for (const text of wrong) {
    writeFileSync(join(folder, 'state.json'), text)
    await t.rejects(openDevCa(folder), { code: STATE, message: /state\.json cannot be read/ }, text)
  }
  writeFileSync(join(folder, 'state.json'), JSON.stringify(good))
  t.ok(parseCrl((await (await openDevCa(folder)).crl()).pem).has('aa'))
})

test('a key or certificate that is damaged or of another CA is refused', async (t) => {
  const folder = join(t.testdir(), 'pki')
  const made = await createDevCa()
  await storeDevCa(made, folder)
  const attempt = async (name: string, text: string, message: RegExp): Promise<void> => {
    const before = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), text)
    await t.rejects(openDevCa(folder), { code: STATE, message })
    writeFileSync(join(folder, name), before)
  }
  await attempt('ca.key', 'x', /ca\.key cannot be read/)
  await attempt('ca.pem', 'x', /ca\.pem or .*cannot be read/)
  await attempt('ca.key', (await createDevCa()).key, /ca\.key is not the key of .*ca\.pem/)
  await t.resolves(openDevCa(folder))
})

test('a key of a kind that this CA does not make is refused', async (t) => {
  const { readKeyPair } = await import('../src/certificate/key-pair.ts')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp521r1' })
  await t.rejects(
    readKeyPair(String(privateKey.export({ type: 'pkcs8', format: 'pem' })), 'own.key'),
    { code: STATE, message: /own\.key is not a readable private key/ }
  )
  await t.rejects(readKeyPair('x', 'own.key'), { code: STATE })
})
